/**
 * Which photos make a batch. Everything here is a function of seed and epoch: a run that is resumed in the middle
 * of an epoch asks again and gets the same batches.
 */
import { PawdexError } from '../../errors.js';
import { createRandom, mixSeed, shuffle } from '../../math/random.js';
import { groupByLabel } from './group-by-label.js';

/** Where in the sequence of random numbers a plan begins. */
export interface PlanSeed {
  seed: number;
  epoch: number;
}

/** Keeps the batches' random numbers apart from the views'. */
const SAMPLER = 0x5a3b;

/** Settings of {@link drawClassBatches}. */
export interface ClassBatchOptions extends PlanSeed {
  /** Classes in a batch (P). */
  classes: number;
  /** Photos of each class in a batch (K). */
  perClass: number;
}

/**
 * Batches of P classes x K photos for losses that learn from labels (Hermans et al., arXiv 1703.07737).
 *
 * An epoch shows every photo at least once. Classes in a batch are distinct, and so are the K photos where
 * the class has as many. A class that has fewer photos than its turns, or a count that K does not divide, shows some
 * twice. The number of batches depends on the labels alone: the photos' share, or what the largest class needs.
 *
 * @param labels class of each photo; the numbers themselves mean nothing
 * @returns per batch P x K photos, class by class; photo i is that of `labels[i]`
 * @throws PawdexError config_invalid when there are fewer than P classes
 */
export function drawClassBatches(labels: ArrayLike<number>, options: ClassBatchOptions): number[][] {
  const { classes, perClass, seed, epoch } = options;
  const random = createRandom(mixSeed(seed, epoch, SAMPLER));
  const members = groupByLabel(labels);
  if (members.size < classes) {
    throw new PawdexError('config_invalid', {
      detail: `A batch takes ${classes} labels; the photos have ${members.size}.`,
      hint: 'Take fewer labels and more photos of each into a batch.',
    });
  }
  const all = [...members.values()];
  const draws = all.map((photos) => createPhotoStream(photos, random));
  return spreadTurns(all, classes, perClass, random).map((batch) =>
    batch.flatMap((index) => draws[index]!(perClass)),
  );
}

/**
 * Which classes are in which batch. While batches are left, a class that has as many turns to go must be in the
 * next one; the others are drawn by the turns they have to go. That way all turns fit.
 */
function spreadTurns(
  all: readonly number[][],
  classes: number,
  perClass: number,
  random: () => number,
): number[][] {
  const turns = all.map((photos) => Math.ceil(photos.length / perClass));
  const needed = turns.reduce((sum, count) => sum + count, 0);
  const batches = Math.max(Math.ceil(needed / classes), ...turns);
  addTurns(turns, batches, batches * classes - needed, random);
  return Array.from({ length: batches }, (_, batch) => {
    const left = batches - batch;
    const keyed = turns.flatMap((count, index) => {
      if (count === 0) {
        return [];
      }
      // The smallest keys are a draw without replacement, weighted by the turns (Efraimidis and Spirakis 2006).
      return [{ index, key: count === left ? -1 : -Math.log(1 - random()) / count }];
    });
    const chosen = keyed.sort((a, b) => a.key - b.key).slice(0, classes);
    for (const { index } of chosen) {
      turns[index]!--;
    }
    return chosen.map(({ index }) => index);
  });
}

/** Gives `extra` turns to classes that have room for them, one each before any has a second. */
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

/** Photos of one class in random order, and again in another when all were shown; without repeats in one draw. */
function createPhotoStream(photos: readonly number[], random: () => number): (count: number) => number[] {
  let queue: number[] = [];
  return (count) => {
    const drawn = queue.splice(0, count);
    while (drawn.length < count) {
      const again = shuffle(photos, random);
      const held = new Set(drawn);
      queue = [...again.filter((photo) => !held.has(photo)), ...again.filter((photo) => held.has(photo))];
      drawn.push(...queue.splice(0, count - drawn.length));
    }
    return drawn;
  };
}

/**
 * Batches of photos without regard to labels: all photos in random order. The last batch is filled up with photos
 * of the beginning.
 *
 * @param photos how many there are
 * @returns batches of `size` distinct photos each
 * @throws PawdexError config_invalid when a batch is larger than all photos
 */
export function drawPlainBatches(photos: number, options: PlanSeed & { size: number }): number[][] {
  const { size, seed, epoch } = options;
  if (photos < size) {
    throw new PawdexError('config_invalid', {
      detail: `A batch of ${size} photos cannot be made of ${photos}.`,
      hint: 'Make the batch smaller.',
    });
  }
  const random = createRandom(mixSeed(seed, epoch, SAMPLER));
  const order = shuffle(
    Array.from({ length: photos }, (_, photo) => photo),
    random,
  );
  const batches = Math.ceil(photos / size);
  return Array.from({ length: batches }, (_, batch) =>
    Array.from({ length: size }, (_, i) => order[(batch * size + i) % photos]!),
  );
}
