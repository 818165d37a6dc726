/**
 * Chooses the photos of each batch. Everything is a function of seed and epoch, so a run that resumes in the middle of
 * an epoch gets the same batches.
 */
import { PawdexError } from '../../errors.js';
import { groupBy } from '../../math/group-by.js';
import { createRandom, mixSeed, shuffle } from '../../math/random.js';

export interface PlanSeed {
  seed: number;
  epoch: number;
}

/** Makes the random numbers of batches independent of those of views. */
const SAMPLER = 0x5a3b;

export interface LabelBatchOptions extends PlanSeed {
  /** Labels in a batch (P). */
  labelsPerBatch: number;
  /** Photos of each label in a batch (K). */
  photosPerLabel: number;
}

/**
 * Draws batches of P labels x K photos, for losses with labels (Hermans et al., arXiv 1703.07737).
 *
 * An epoch shows every photo at least once. The labels in a batch are distinct, and so are the K photos if the label has
 * that many. A label shows some photos twice if it has too few, or if K does not divide their number. The number of batches
 * depends only on the labels: enough for all photos, and for the label with the most.
 *
 * @param labels label of each photo; the numbers themselves mean nothing
 * @returns for each batch, the indices of P x K photos, label by label
 * @throws PawdexError config_invalid when there are fewer than P labels
 */
export function drawLabelBatches(labels: ArrayLike<number>, options: LabelBatchOptions): number[][] {
  const { labelsPerBatch, photosPerLabel, seed, epoch } = options;
  const random = createRandom(mixSeed(seed, epoch, SAMPLER));
  const members = groupByLabel(labels);
  if (members.size < labelsPerBatch) {
    throw new PawdexError('config_invalid', {
      detail: `A batch needs ${labelsPerBatch} labels, but the photos have ${members.size}.`,
      hint: 'Use fewer labels and more photos of each in a batch.',
    });
  }
  const all = [...members.values()];
  const draws = all.map((photos) => createPhotoStream(photos, random));
  return spreadTurns(all, labelsPerBatch, photosPerLabel, random).map((batch) =>
    batch.flatMap((index) => draws[index]!(photosPerLabel)),
  );
}

/**
 * Spreads the turns of labels over batches. A label with as many turns left as there are batches must be in the next
 * one. The others are drawn with a probability that grows with their turns. That way all turns fit.
 */
function spreadTurns(
  all: readonly number[][],
  labelsPerBatch: number,
  photosPerLabel: number,
  random: () => number,
): number[][] {
  const turns = all.map((photos) => Math.ceil(photos.length / photosPerLabel));
  const needed = turns.reduce((sum, count) => sum + count, 0);
  const batches = Math.max(Math.ceil(needed / labelsPerBatch), ...turns);
  addTurns(turns, batches, batches * labelsPerBatch - needed, random);
  return Array.from({ length: batches }, (_, batch) => {
    const left = batches - batch;
    const keyed = turns.flatMap((count, index) => {
      if (count === 0) {
        return [];
      }
      // Taking the smallest keys draws without replacement, weighted by the turns (Efraimidis and Spirakis 2006).
      return [{ index, key: count === left ? -1 : -Math.log(1 - random()) / count }];
    });
    const chosen = keyed.sort((a, b) => a.key - b.key).slice(0, labelsPerBatch);
    for (const { index } of chosen) {
      turns[index]!--;
    }
    return chosen.map(({ index }) => index);
  });
}

/** Gives `extra` turns to labels with room for them, evenly. */
function addTurns(turns: number[], batches: number, extra: number, random: () => number): void {
  let left = extra;
  while (left > 0) {
    const open = turns.flatMap((count, index) => (count < batches ? [index] : []));
    for (const index of shuffle(open, random).slice(0, left)) {
      turns[index]!++;
      left--;
    }
  }
}

/**
 * Draws photos of one label in random order, then in another order when all have been shown. A draw has no repeats if the
 * label has enough photos.
 */
function createPhotoStream(photos: readonly number[], random: () => number): (count: number) => number[] {
  let queue: number[] = [];
  return (count) => {
    const drawn = queue.splice(0, count);
    while (drawn.length < count) {
      const order = shuffle(photos, random);
      const isDrawn = (photo: number) => drawn.includes(photo);
      queue = [...order.filter((photo) => !isDrawn(photo)), ...order.filter(isDrawn)];
      drawn.push(...queue.splice(0, count - drawn.length));
    }
    return drawn;
  };
}

/**
 * Draws batches without regard to labels: all photos in random order. The last batch is filled with the first photos.
 *
 * @param photos how many there are
 * @returns batches of `size` distinct photos each
 * @throws PawdexError config_invalid when a batch is larger than all photos
 */
export function drawPlainBatches(photos: number, options: PlanSeed & { size: number }): number[][] {
  const { size, seed, epoch } = options;
  if (photos < size) {
    throw new PawdexError('config_invalid', {
      detail: `A batch needs ${size} photos, but there are ${photos}.`,
      hint: 'Use a smaller batch.',
    });
  }
  const random = createRandom(mixSeed(seed, epoch, SAMPLER));
  const order = shuffle([...Array(photos).keys()], random);
  const batches = Math.ceil(photos / size);
  return Array.from({ length: batches }, (_, batch) =>
    Array.from({ length: size }, (_, i) => order[(batch * size + i) % photos]!),
  );
}

export function groupByLabel(labels: ArrayLike<number>): Map<number, number[]> {
  return groupBy(Array.from(labels).keys(), (photo) => labels[photo]!);
}

/** A batch before its photos are opened. */
export interface PlannedBatch {
  /** Position in the run, from 0. */
  step: number;
  epoch: number;
  /** Photos, by index. */
  photos: readonly number[];
  /** How often the epoch has shown each of them before. Repetitions get different views. */
  turns: readonly number[];
}

/**
 * Plans the batches of a run.
 *
 * @param batchesOf returns the batches of an epoch; the number is the same for all epochs, and the result is reproducible
 * @param epochs number of epochs
 * @param firstStep batches to skip: where a resumed run continues
 * @example planRun((epoch) => drawLabelBatches(labels, { labelsPerBatch: 16, photosPerLabel: 4, seed, epoch }), 4)
 */
export function* planRun(
  batchesOf: (epoch: number) => number[][],
  epochs: number,
  firstStep = 0,
): Generator<PlannedBatch, void> {
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const shown = new Map<number, number>();
    for (const photos of batchesOf(epoch)) {
      const turns = photos.map((photo) => {
        const before = shown.get(photo) ?? 0;
        shown.set(photo, before + 1);
        return before;
      });
      if (step >= firstStep) {
        yield { step, epoch, photos, turns };
      }
      step++;
    }
  }
}
