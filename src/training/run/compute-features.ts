/** Computes features of photos with a backbone: frozen ones before a run, trained ones at evaluations. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decode, type ResizeRule } from '../../image/decode.js';
import { readPhoto } from '../../image/read-photo.js';
import type { Matrix } from '../../math/matrix.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import { GraphSession, type SessionOptions } from '../autodiff/graph-session.js';
import { loadAhead } from '../data/load-batches.js';
import { appendBackbone, appendPixels, type ScaledBackbone } from '../network/network.js';
import type { PhaseReport } from '../phase-report.js';
import type { TrainingPhoto } from './training-set.js';

/** Photos that go through the network at once. More are not faster on a CPU. */
const BATCH = 8;

export interface FeaturesOptions {
  rule: ResizeRule;
  maxPixels: number;
  session?: SessionOptions;
  signal?: AbortSignal;
  /** Gets the photos done so far after each batch. */
  report?: PhaseReport;
}

/**
 * Computes the features of photos, which the head projects, as unit vectors.
 *
 * @returns float32 [photos, F], row by row
 * @throws the errors of the image layer for a photo that cannot be read; the signal's reason
 */
export async function computeFeatures(
  network: ScaledBackbone,
  photos: readonly Pick<TrainingPhoto, 'file'>[],
  options: FeaturesOptions,
): Promise<Matrix> {
  const g = new GraphBuilder();
  const pixels = appendPixels(g, BATCH, network);
  const features = await appendBackbone(g, network.backbone, pixels);
  g.output('features', features);
  const width = features.shape[1] ?? 0;
  const data = new Float32Array(photos.length * width);
  await GraphSession.use(g.toBytes(), options.session, async (session) => {
    const { size } = network;
    const firsts = Array.from({ length: Math.ceil(photos.length / BATCH) }, (_, i) => i * BATCH);
    const decodeFrom = (first: number) => decodeBatch(first, photos, options);
    for await (const [first, images] of loadAhead(firsts, decodeFrom)) {
      options.signal?.throwIfAborted();
      const results = await session.run({
        pixels: { dtype: 'uint8', shape: [BATCH, size, size, 3], data: Buffer.concat(images) },
      });
      const rows = Math.min(BATCH, photos.length - first);
      data.set((results.features!.data as Float32Array).subarray(0, rows * width), first * width);
      options.report?.updatePhase(first + rows);
      // session.run() blocks this thread, so let signals and progress run.
      await nextTurn();
    }
  });
  return { data, rows: photos.length, dimension: width };
}

/** Decodes a batch, filled up with the last photo. */
async function decodeBatch(
  first: number,
  photos: readonly Pick<TrainingPhoto, 'file'>[],
  { rule, maxPixels }: FeaturesOptions,
): Promise<Uint8Array[]> {
  const batch = Array.from({ length: BATCH }, (_, i) => photos[first + i] ?? photos.at(-1)!);
  return Promise.all(batch.map(async ({ file }) => decode(await readPhoto(file), rule, { maxPixels })));
}
