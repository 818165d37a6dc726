/** Views whose frozen layers have been computed, in a file: rows of float16, photo by photo, view by view. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SessionOptions } from '../autodiff/graph-session.js';
import type { LoadOptions } from '../data/load-batches.js';
import { loadBatches } from '../data/load-batches.js';
import type { Network } from '../network/network.js';
import { type NetworkCut, nameKeptInput, openFrozenPart } from '../network/network-cut.js';

/** Views through the frozen layers at once. */
const BATCH = 8;

/** Settings of {@link KeptViews.make}. */
export interface KeptViewsOptions {
  /** Folder of the run. */
  dir: string;
  /** Views of each photo. */
  views: number;
  /** Photos, by index from 0. */
  photos: number;
  load: Omit<LoadOptions, 'signal' | 'viewsPerPhoto'>;
  /** What else decides what the rows hold, such as the backbone's bytes: another one makes the file anew. */
  identity: unknown;
  session?: SessionOptions;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
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
   * Computes what is missing of a folder's views. Interrupted, it goes on where it was the next time.
   *
   * @throws PawdexError `set_invalid` when no photo of a label can be used; the signal's reason
   */
  static async make(network: Network, cut: NetworkCut, options: KeptViewsOptions): Promise<KeptViews> {
    const { dir, views, photos, load } = options;
    const width = cut.ports.reduce((sum, { shape }) => sum + shape.reduce((product, d) => product * d, 1), 0);
    const { rule, seed, views: settings } = load;
    const identity = JSON.stringify([options.identity, cut.ports, rule, seed, settings, views, photos]);
    const key = createHash('sha256').update(identity).digest('hex');
    const keyFile = path.join(dir, 'kept-views.key');
    const same = (await readFile(keyFile, 'utf8').catch(() => '')) === key;
    const file = await open(path.join(dir, 'kept-views.f16'), same ? 'r+' : 'w+');
    try {
      await writeFile(keyFile, key);
      const rowBytes = width * 2;
      const { size } = await file.stat();
      const done = Math.min(photos * views, Math.floor(size / rowBytes / BATCH) * BATCH);
      if (done < photos * views) await fillFile(file, network, cut, options, done, width);
      return new KeptViews(file, width, views);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The row of one view. @param view 0 to the number of views - 1 @returns float16 [width], as bits */
  async row(photo: number, view: number): Promise<Uint16Array> {
    const row = new Uint16Array(this.#width);
    await this.#file.read(row, 0, row.byteLength, (photo * this.#views + view) * row.byteLength);
    return row;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function fillFile(
  file: FileHandle,
  network: Network,
  cut: NetworkCut,
  { views, photos, load, session: how, signal, onProgress }: KeptViewsOptions,
  done: number,
  width: number,
): Promise<void> {
  const total = photos * views;
  const session = await openFrozenPart(cut, network, BATCH, how);
  function* plan() {
    for (let first = done; first < total; first += BATCH) {
      // The last batch is filled up with the last view.
      const rows = Array.from({ length: BATCH }, (_, i) => Math.min(first + i, total - 1));
      yield {
        step: first / BATCH,
        epoch: 0,
        photos: rows.map((row) => Math.floor(row / views)),
        turns: rows.map((row) => row % views),
      };
    }
  }
  try {
    const options = { ...load, viewsPerPhoto: 1, ...(signal === undefined ? {} : { signal }) };
    for await (const { step, pixels } of loadBatches(plan(), options)) {
      const { size } = network;
      const results = await session.run({
        pixels: { dtype: 'uint8', shape: [BATCH, size, size, 3], data: pixels },
      });
      const count = Math.min(BATCH, total - step * BATCH);
      const rows = new Uint16Array(count * width);
      let at = 0;
      for (const { name, shape } of cut.ports) {
        const part = shape.reduce((product, d) => product * d, 1);
        const data = results[nameKeptInput(name)]?.data as Uint16Array;
        for (let i = 0; i < count; i += 1) rows.set(data.subarray(i * part, (i + 1) * part), i * width + at);
        at += part;
      }
      await file.write(rows, 0, rows.byteLength, step * BATCH * width * 2);
      onProgress?.(step * BATCH + count);
    }
    await file.sync();
  } finally {
    await session.close();
  }
}
