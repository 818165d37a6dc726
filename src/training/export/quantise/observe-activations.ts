/** Observes the tensors of the float encoder over a sample of photos, in bounded memory. */
import { createNode, type Model, type ModelNode, writeModel } from '../../../onnx/onnx-model.js';
import type { Tensor } from '../../../onnx/tensor.js';
import { GraphSession } from '../../autodiff/graph-session.js';
import type { Histogram } from './activation-range.js';

const BINS = 4096;

export interface Observations {
  /** Maps each tensor to its values over all photos. */
  readonly histograms: ReadonlyMap<string, Histogram>;
  /** Maps the output of each convolution to the mean of each channel over photos and positions, before an activation. */
  readonly means: ReadonlyMap<string, Float64Array>;
}

export type Feed = Readonly<Record<string, Tensor>>;

/** Creates a feed of an encoder for each photo. @param photos uint8 [S, S, 3] each */
export function createPhotoFeeds(model: Model, photos: readonly Uint8Array[]): Feed[] {
  const [input] = model.inputs;
  const shape = [1, ...(input?.shape.slice(1) ?? []).map(Number)];
  return photos.map((data) => ({ [input?.name ?? '']: { dtype: 'uint8', shape, data } }));
}

/** Observes the shapes of the named tensors for one photo. */
export async function observeShapes(
  model: Model,
  names: readonly string[],
  feed: Feed,
): Promise<Map<string, readonly number[]>> {
  const shapes = new Map<string, readonly number[]>();
  await runOverFeeds(model, [], names, [feed], (results) => {
    for (const name of names) {
      shapes.set(name, results[name]?.shape ?? []);
    }
  });
  return shapes;
}

/**
 * Runs the encoder over the photos twice: first for the extremes, then for the histograms between them. So no activation
 * has to be kept after its photo.
 *
 * @param tensors tensors to observe as histograms
 * @param convolutions outputs whose channel means to observe
 * @param onPhoto called after each photo of each of the two passes
 */
export async function observeActivations(
  model: Model,
  tensors: readonly string[],
  convolutions: readonly string[],
  feeds: readonly Feed[],
  onPhoto: () => void,
): Promise<Observations> {
  const { ranges, means } = await observeExtremes(model, tensors, convolutions, feeds, onPhoto);
  const histograms = new Map(
    [...ranges].map(([name, range]) => [name, { ...range, counts: new Float64Array(BINS) }]),
  );
  await runOverFeeds(model, [], tensors, feeds, (results) => {
    for (const [name, histogram] of histograms) {
      countValues(results[name]?.data as Float32Array, histogram);
    }
    onPhoto();
  });
  return { histograms, means };
}

/** Observes the lowest and highest value of tensors, and the channel means of convolutions. */
async function observeExtremes(
  model: Model,
  tensors: readonly string[],
  convolutions: readonly string[],
  feeds: readonly Feed[],
  onPhoto: () => void,
) {
  const summaries = [
    ...tensors.flatMap((name) => [
      createNode('ReduceMin', [name], [`lowest ${name}`], { keepdims: 0 }),
      createNode('ReduceMax', [name], [`highest ${name}`], { keepdims: 0 }),
    ]),
    ...convolutions.map((name) => createNode('GlobalAveragePool', [name], [`mean ${name}`])),
  ];
  const ranges = new Map(
    tensors.map((name) => [name, { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY }]),
  );
  const means = new Map<string, Float64Array>();
  const names = summaries.flatMap(({ outputs }) => outputs);
  await runOverFeeds(model, summaries, names, feeds, (results) => {
    const values = (name: string) => results[name]?.data as Float32Array;
    for (const [name, range] of ranges) {
      range.low = Math.min(range.low, values(`lowest ${name}`)[0]!);
      range.high = Math.max(range.high, values(`highest ${name}`)[0]!);
    }
    for (const name of convolutions) {
      const photo = values(`mean ${name}`);
      const sums = means.get(name) ?? new Float64Array(photo.length);
      for (let c = 0; c < photo.length; c++) {
        sums[c]! += photo[c]! / feeds.length;
      }
      means.set(name, sums);
    }
    onPhoto();
  });
  return { ranges, means };
}

function countValues(values: Float32Array, { low, high, counts }: Histogram): void {
  const perUnit = high > low ? counts.length / (high - low) : 0;
  const last = counts.length - 1;
  for (let i = 0; i < values.length; i++) {
    const bin = ((values[i]! - low) * perUnit) | 0;
    counts[bin > last ? last : bin]!++;
  }
}

/** Runs a model with additional nodes for each feed, and passes on the named tensors. */
async function runOverFeeds(
  model: Model,
  extraNodes: readonly ModelNode[],
  names: readonly string[],
  feeds: readonly Feed[],
  use: (results: Record<string, Tensor>) => void,
): Promise<void> {
  if (names.length === 0) {
    return;
  }
  const outputs = names.map((name) => ({ name }));
  const extended = writeModel({ ...model, nodes: [...model.nodes, ...extraNodes], outputs });
  await GraphSession.use(extended, {}, async (session) => {
    for (const feed of feeds) {
      use(await session.run(feed));
    }
  });
}
