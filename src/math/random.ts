/** Reproducible random numbers. */
import { normalise } from './vectors.js';

/** Creates a generator of floats in [0, 1): mulberry32, the same sequence for a seed on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const rotateLeft = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));

/**
 * Mixes several numbers into one seed, so that neighbouring ones give unrelated sequences: MurmurHash3 (x86, 32 bit) of
 * them as 32-bit words.
 *
 * @example createRandom(mixSeed(seed, epoch, photo))
 */
export function mixSeed(...words: number[]): number {
  let hash = 0;
  for (const word of words) {
    hash ^= Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
    hash = (Math.imul(rotateLeft(hash, 13), 5) + 0xe6546b64) | 0;
  }
  hash ^= 4 * words.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Copies a list in random order, each order equally likely (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Draws `count` distinct items. @param items reordered, with the drawn ones first */
export function drawDistinct<T>(items: T[], count: number, random: () => number): T[] {
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (items.length - i));
    [items[i], items[other]] = [items[other]!, items[i]!];
  }
  return items.slice(0, count);
}

/** Draws unit vectors in random directions. @returns float32 [count, width], row by row */
export function drawDirections(count: number, width: number, seed: number): Float32Array {
  const data = Float32Array.from({ length: count * width }, createNormalRandom(seed));
  for (let row = 0; row < count; row++) {
    normalise(data.subarray(row * width, (row + 1) * width));
  }
  return data;
}

/** Creates a generator of normally distributed numbers, by the Box-Muller transform. */
export function createNormalRandom(seed: number): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
