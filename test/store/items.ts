/** Items and vectors for the store's tests. */
import { createHash } from 'node:crypto';
import type { NewItem } from '../../src/store/store.js';

/** A generator of numbers in [0, 1) that gives the same ones every time (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A vector that depends on the seed alone. */
export function vectorOf(seed: number, dimension: number): Float32Array {
  const next = random(seed + 1);
  return Float32Array.from({ length: dimension }, () => next() * 2 - 1);
}

/** An item whose content is number `n`. */
export function item(n: number, dimension: number, changes: Partial<NewItem> = {}): NewItem {
  const sha256 = createHash('sha256').update(String(n)).digest('hex');
  return {
    id: sha256.slice(0, 32),
    label: `breed-${n % 5}`,
    source: `photos/${n}.jpg`,
    sha256,
    size: 1000 + n,
    metadata: { species: n % 2 === 0 ? 'cat' : 'dog', n, even: n % 2 === 0 },
    thumbnail: n % 3 === 0 ? Uint8Array.of(1, 2, n & 255) : null,
    vector: vectorOf(n, dimension),
    ...changes,
  };
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Ids of the k items nearest to the query, nearest first. */
export function nearestIds(items: NewItem[], query: Float32Array, k: number): string[] {
  return items
    .map(({ id, vector }) => ({ id, similarity: cosine(query, vector) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, k)
    .map(({ id }) => id);
}
