/** The batches of a run, as its losses want them. */
import type { PawdexError } from '../../errors.js';
import type { DecodeLimits } from '../../image/decode.js';
import { readPhoto } from '../../image/read-photo.js';
import { mixSeed } from '../../math/random.js';
import { createIntTensor, type Tensor } from '../../onnx/tensor.js';
import { type LoadedBatch, type LoadOptions, loadBatches } from '../data/load-batches.js';
import { PhotoCache } from '../data/photo-cache.js';
import { type PlannedBatch, planRun } from '../data/plan-run.js';
import { drawClassBatches, drawPlainBatches } from '../data/sampler.js';
import { LOSS_INPUTS } from '../network/append-losses.js';
import { createKeptFeeds, type NetworkCut } from '../network/network-cut.js';
import { countPhotosPerStep, getResizeRule, isLabelFree } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import type { KeptViews } from './kept-views.js';
import type { StepBatch } from './trainer.js';
import type { TrainingPhoto, TrainingSet } from './training-set.js';

/** Bytes of photo files that are kept in memory. */
const CACHE_BYTES = 2 * 1024 ** 3;

/** A batch with how long it was waited for. */
export interface TimedBatch extends StepBatch {
  waitedMs: number;
}

/** The batches of a run. */
export interface Batches {
  /** Steps of an epoch. */
  readonly perEpoch: number;
  /** The batches from one on, which is 0 for the first. */
  from(step: number): AsyncGenerator<TimedBatch, void>;
}

/** Kept views and how they are fed. */
export interface KeptSource {
  views: KeptViews;
  cut: NetworkCut;
}

/**
 * Plans a run's batches: so many labels times so many photos, or photos regardless of labels with two views of each.
 *
 * @param kept views whose frozen layers have been computed; every epoch draws new views unless given
 * @throws PawdexError `config_invalid` when the photos do not make a batch
 */
export function planBatches(
  recipe: Recipe,
  set: TrainingSet,
  load: Omit<LoadOptions, 'viewsPerPhoto'>,
  kept: KeptSource | null,
): Batches {
  const { seed, epochs, soup, batch, backbone } = recipe;
  const labelFree = isLabelFree(recipe);
  const plan = (epoch: number) =>
    labelFree
      ? drawPlainBatches(set.train.length, { size: countPhotosPerStep(recipe), seed, epoch })
      : drawClassBatches(load.labels, { classes: batch.labels, perClass: batch.photos, seed, epoch });
  const from = (step: number) => planRun(plan, epochs * soup, step);
  return {
    perEpoch: plan(0).length,
    from: (step) =>
      kept === null
        ? drawBatches(
            loadBatches(from(step), { ...load, viewsPerPhoto: labelFree ? 2 : 1 }),
            recipe,
            backbone.size,
          )
        : takeKeptBatches(from(step), set, recipe, kept),
  };
}

/**
 * How photos are opened and changed.
 *
 * @param photos of which batches will be made
 * @param skipped called once per photo that cannot be used
 */
export function createLoadOptions(
  recipe: Recipe,
  photos: readonly TrainingPhoto[],
  limits: DecodeLimits,
  skipped: (file: string, error: PawdexError) => void,
): Omit<LoadOptions, 'viewsPerPhoto'> {
  const { seed, views } = recipe;
  const numbers = new Map(
    [...new Set(photos.map(({ label }) => label))].sort().map((label, i) => [label, i]),
  );
  return {
    photos: new PhotoCache((photo) => readPhoto(photos[photo]!.file), { maxBytes: CACHE_BYTES, limits }),
    // Without labels any photo can stand in for any other.
    labels: Int32Array.from(photos, ({ label }) => (isLabelFree(recipe) ? 0 : numbers.get(label)!)),
    rule: getResizeRule(recipe),
    views,
    seed,
    onBadPhoto: ({ photo, error }) => skipped(photos[photo]!.file, error),
  };
}

/** Views that are drawn for the step. */
async function* drawBatches(
  loaded: AsyncGenerator<LoadedBatch, void>,
  recipe: Recipe,
  size: number,
): AsyncGenerator<TimedBatch, void> {
  const isMoco = recipe.losses.some(({ kind }) => kind === 'moco');
  const image = (data: Uint8Array): Tensor => ({
    dtype: 'uint8',
    shape: [data.length / (size * size * 3), size, size, 3],
    data,
  });
  for await (const { pixels, labels, waitedMs } of loaded) {
    const half = pixels.length / 2;
    yield isMoco
      ? { feeds: { pixels: image(pixels.subarray(0, half)) }, second: image(pixels.subarray(half)), waitedMs }
      : {
          feeds: { pixels: image(pixels), [LOSS_INPUTS.labels]: createIntTensor(Array.from(labels)) },
          waitedMs,
        };
  }
}

/** Views that were kept: another of each photo in every epoch, until all have had their turn. */
async function* takeKeptBatches(
  plan: Iterable<PlannedBatch>,
  { places, numbers }: TrainingSet,
  { seed, keptViews }: Recipe,
  { views, cut }: KeptSource,
): AsyncGenerator<TimedBatch, void> {
  const read = ({ photos, turns, epoch }: PlannedBatch) =>
    Promise.all(
      photos.map((photo, i) =>
        views.row(places[photo]!, (mixSeed(seed, photo) + epoch + turns[i]!) % keptViews),
      ),
    );
  const batches = plan[Symbol.iterator]();
  let current = batches.next().value;
  let rows = current && read(current);
  while (current !== undefined && rows !== undefined) {
    const began = performance.now();
    const values = await rows;
    const waitedMs = performance.now() - began;
    const next: PlannedBatch | undefined = batches.next().value ?? undefined;
    // The next rows come from disk while the step is computed.
    rows = next && read(next);
    rows?.catch(() => {}); // met in the next round
    const labels = createIntTensor(current.photos.map((photo: number) => numbers[photo]!));
    yield { feeds: { ...createKeptFeeds(cut, values), [LOSS_INPUTS.labels]: labels }, waitedMs };
    current = next;
  }
}
