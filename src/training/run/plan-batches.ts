/** Plans the batches of a run, in the form that its losses need. */
import type { PawdexError } from '../../errors.js';
import { readPhoto } from '../../image/read-photo.js';
import { mixSeed } from '../../math/random.js';
import { createIntTensor, type Tensor } from '../../onnx/tensor.js';
import type { Batch } from '../data/batch-maker.js';
import { type LoadOptions, loadAhead, loadBatches } from '../data/load-batches.js';
import { PhotoCache } from '../data/photo-cache.js';
import { drawLabelBatches, drawPlainBatches, type PlannedBatch, planRun } from '../data/sampler.js';
import { LOSS_INPUTS } from '../network/append-losses.js';
import { createKeptFeeds, type NetworkCut } from '../network/network-cut.js';
import { countPhotosPerStep, getResizeRule, isLabelFree } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import type { KeptViews } from './kept-views.js';
import type { TrainingPhoto, TrainingSet } from './training-set.js';

/** Bytes of photo files to keep in memory. */
const MAX_CACHE_BYTES = 2 * 1024 ** 3;

/** The input of one training step. */
export interface StepBatch {
  /** `pixels` uint8 [views, S, S, 3], or kept values of the views; `labels` int64 [views] for losses with labels. */
  feeds: Record<string, Tensor>;
  /** Second views, for MoCo's keys: uint8 [views, S, S, 3]. */
  second?: Tensor;
  /** Milliseconds that the training step waited for it. */
  waitedMs: number;
}

export interface Batches {
  /** Steps of an epoch. */
  readonly perEpoch: number;
  /** Yields the batches from a step on. The first step is 0. */
  startAt(step: number): AsyncGenerator<StepBatch, void>;
}

/** Kept views, and the cut of the network that they belong to. */
export interface KeptSource {
  views: KeptViews;
  cut: NetworkCut;
}

/**
 * Plans the batches of a run: P labels x K photos, or photos without regard to labels with two views of each.
 *
 * @param kept views whose frozen layers have been computed; without them, every epoch draws new views
 * @throws PawdexError config_invalid when the photos do not fill a batch
 */
export function planBatches(
  recipe: Recipe,
  set: TrainingSet,
  load: LoadOptions,
  kept: KeptSource | null,
): Batches {
  const { seed, epochs, soup, batch, backbone } = recipe;
  const labelFree = isLabelFree(recipe);
  const planEpoch = (epoch: number) =>
    labelFree
      ? drawPlainBatches(set.train.length, { size: countPhotosPerStep(recipe), seed, epoch })
      : drawLabelBatches(load.labels, {
          labelsPerBatch: batch.labels,
          photosPerLabel: batch.photos,
          seed,
          epoch,
        });
  return {
    perEpoch: planEpoch(0).length,
    startAt: (step) => {
      const plan = planRun(planEpoch, epochs * soup, step);
      return kept === null
        ? feedNewViews(
            loadBatches(plan, { ...load, viewsPerPhoto: labelFree ? 2 : 1 }),
            recipe,
            backbone.size,
          )
        : feedKeptViews(plan, set, recipe, kept);
    },
  };
}

/**
 * Defines how photos are opened and changed.
 *
 * @param photos that batches are made of
 * @param onSkipped called once per photo that cannot be used
 */
export function createLoadOptions(
  recipe: Recipe,
  photos: readonly TrainingPhoto[],
  maxPixels: number,
  onSkipped: (file: string, error: PawdexError) => void,
): LoadOptions {
  const { seed, views } = recipe;
  const numbers = new Map(
    [...new Set(photos.map(({ label }) => label))].sort().map((label, i) => [label, i]),
  );
  return {
    photos: new PhotoCache((photo) => readPhoto(photos[photo]!.file), {
      maxBytes: MAX_CACHE_BYTES,
      limits: { maxPixels },
    }),
    // Without labels, any photo can stand in for any other.
    labels: Int32Array.from(photos, ({ label }) => (isLabelFree(recipe) ? 0 : numbers.get(label)!)),
    rule: getResizeRule(recipe),
    views,
    seed,
    onBadPhoto: ({ photo, error }) => onSkipped(photos[photo]!.file, error),
  };
}

async function* feedNewViews(
  batches: AsyncGenerator<Batch, void>,
  recipe: Recipe,
  size: number,
): AsyncGenerator<StepBatch, void> {
  const isMoco = recipe.losses.some(({ kind }) => kind === 'moco');
  const toImages = (data: Uint8Array): Tensor => ({
    dtype: 'uint8',
    shape: [data.length / (size * size * 3), size, size, 3],
    data,
  });
  for await (const { pixels, labels, waitedMs } of batches) {
    const half = pixels.length / 2;
    if (isMoco) {
      const [first, second] = [pixels.subarray(0, half), pixels.subarray(half)].map(toImages);
      yield { feeds: { pixels: first as Tensor }, second, waitedMs };
    } else {
      const feeds = { pixels: toImages(pixels), [LOSS_INPUTS.labels]: createIntTensor(Array.from(labels)) };
      yield { feeds, waitedMs };
    }
  }
}

/** Feeds kept views, with another view of each photo in every epoch. */
async function* feedKeptViews(
  plan: Iterable<PlannedBatch>,
  { photoIndices, labelNumbers }: TrainingSet,
  { seed, keptViews }: Recipe,
  { views, cut }: KeptSource,
): AsyncGenerator<StepBatch, void> {
  const readRows = ({ photos, turns, epoch }: PlannedBatch) =>
    Promise.all(
      photos.map((photo, i) =>
        views.readRow(photoIndices[photo]!, (mixSeed(seed, photo) + epoch + turns[i]!) % keptViews),
      ),
    );
  let requestedAt = performance.now();
  for await (const [{ photos }, values] of loadAhead(plan, readRows)) {
    const waitedMs = performance.now() - requestedAt;
    const labels = createIntTensor(photos.map((photo) => labelNumbers[photo]!));
    yield { feeds: { ...createKeptFeeds(cut, values), [LOSS_INPUTS.labels]: labels }, waitedMs };
    requestedAt = performance.now();
  }
}
