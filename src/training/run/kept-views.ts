/** A file of views whose frozen layers were computed: rows of float16, ordered by photo, then by view. */
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { computeSha256 } from '../../files/sha256.js';
import { writeModel } from '../../onnx/onnx-model.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { type LoadOptions, loadBatches } from '../data/load-batches.js';
import type { PlannedBatch } from '../data/sampler.js';
import type { Network } from '../network/network.js';
import { countRowElements, joinPorts, type NetworkCut, openFrozenPart } from '../network/network-cut.js';
import type { PhaseReport } from '../phase-report.js';
import type { TrainingPhoto } from './training-set.js';

/** Views that go through the frozen layers at once. */
const BATCH = 8;

export interface KeptViewsOptions {
  /** Folder of the run. */
  dir: string;
  views: number;
  photos: readonly TrainingPhoto[];
  load: LoadOptions;
  session?: SessionOptions;
  /** Gets the views done so far after each batch. */
  report?: PhaseReport;
}

/** Reads rows of a complete file. */
export class KeptViews {
  readonly #file: FileHandle;
  readonly #width: number;
  readonly #views: number;

  private constructor(file: FileHandle, width: number, views: number) {
    this.#file = file;
    this.#width = width;
    this.#views = views;
  }

  /**
   * Opens the kept views of a folder and computes those that are missing. After an interruption it continues with
   * the first missing one. If the frozen layers, the list of photos or a setting of the views has changed, it begins again.
   *
   * @throws PawdexError set_invalid when no photo of a label can be used; the signal's reason
   */
  static async open(network: Network, cut: NetworkCut, options: KeptViewsOptions): Promise<KeptViews> {
    const { dir, views, photos, load } = options;
    const width = countRowElements(cut);
    const { rule, seed, views: settings } = load;
    const frozen = computeSha256(writeModel(cut.frozen));
    const key = computeSha256(JSON.stringify([frozen, network.pixels, photos, rule, seed, settings, views]));
    const keyFile = path.join(dir, 'kept-views.key');
    const isSame = (await readFile(keyFile, 'utf8').catch(() => '')) === key;
    const file = await open(path.join(dir, 'kept-views.f16'), isSame ? 'r+' : 'w+');
    try {
      await writeFile(keyFile, key);
      const rowBytes = width * 2;
      const { size } = await file.stat();
      const total = photos.length * views;
      const done = Math.min(total, Math.floor(size / rowBytes / BATCH) * BATCH);
      if (done < total) {
        await fillFile(file, { network, cut, done, width }, options);
      }
      return new KeptViews(file, width, views);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Reads the row of one view.
   *
   * @param view from 0
   * @returns float16 [width], as bits
   */
  async readRow(photo: number, view: number): Promise<Uint16Array> {
    const row = new Uint16Array(this.#width);
    await this.#file.read(row, 0, row.byteLength, (photo * this.#views + view) * row.byteLength);
    return row;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Computes the rows from `done` on. */
async function fillFile(
  file: FileHandle,
  { network, cut, done, width }: { network: Network; cut: NetworkCut; done: number; width: number },
  options: KeptViewsOptions,
): Promise<void> {
  const { views, photos, load, report } = options;
  const total = photos.length * views;
  const { size } = network;
  const session = await openFrozenPart(cut, network, BATCH, options.session);
  try {
    for await (const { step, pixels } of loadBatches(planRows(done, total, views), load)) {
      const results = await session.run({
        pixels: { dtype: 'uint8', shape: [BATCH, size, size, 3], data: pixels },
      });
      const count = Math.min(BATCH, total - step * BATCH);
      const rows = joinPorts(cut, results, count);
      await file.write(rows, 0, rows.byteLength, step * BATCH * width * 2);
      report?.updatePhase(step * BATCH + count);
    }
    await file.sync();
  } finally {
    await session.close();
  }
}

/** Plans batches of rows. The last one is filled up with the last view. */
function* planRows(done: number, total: number, views: number): Generator<PlannedBatch, void> {
  for (let first = done; first < total; first += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, i) => Math.min(first + i, total - 1));
    yield {
      step: first / BATCH,
      epoch: 0,
      photos: rows.map((row) => Math.floor(row / views)),
      turns: rows.map((row) => row % views),
    };
  }
}
