/** What the work on live collections shares: which photos are asked, and how far it is. */
import type { Store } from '../store/store.js';

/** Photos asked at most; more would say the same with more digits. */
const MOST_QUERIES = 2000;

/** How far long work on a collection is. */
export interface Progress {
  /** What is being done now; `done` and `total` count within it. */
  phase: 'waiting' | 'reading' | 'asking' | 'non-pets' | 'computing';
  done: number;
  total: number;
}

/** What all long work on a collection takes. */
export interface WorkOptions {
  /** Stops between two searches; the work then throws the signal's reason and has changed nothing. */
  signal?: AbortSignal;
  /** Called as the work goes on. */
  onProgress?: (progress: Progress) => void;
}

/** A labelled photo of a collection, to be asked of it. */
export interface CollectionQuery {
  id: string;
  label: string;
  /** float32 [dimension] */
  vector: Float32Array;
}

/** How many photos each label has; photos without a label are left out. */
export async function countLabels(store: Store, name: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { label, count } of await store.countLabels(name)) {
    if (label !== null) {
      counts.set(label, count);
    }
  }
  return counts;
}

/**
 * Every n-th photo whose label has another photo in the collection, so that there is a right answer to find.
 *
 * @param most photos wanted at most; {@link MOST_QUERIES} when absent
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason when it was raised
 */
export async function sampleQueries(
  store: Store,
  name: string,
  counts: ReadonlyMap<string, number>,
  { signal, onProgress, most = MOST_QUERIES }: WorkOptions & { most?: number } = {},
): Promise<CollectionQuery[]> {
  const eligible = [...counts.values()].reduce((sum, count) => sum + (count > 1 ? count : 0), 0);
  const stride = Math.max(1, Math.ceil(eligible / most));
  const queries: CollectionQuery[] = [];
  let seen = 0;
  for await (const { id, label, vector } of store.iterate(name)) {
    if (label === null || (counts.get(label) ?? 0) < 2) {
      continue;
    }
    if (seen % stride === 0) {
      queries.push({ id, label, vector });
    }
    if (++seen % 1000 !== 0) {
      continue;
    }
    signal?.throwIfAborted();
    onProgress?.({ phase: 'reading', done: Math.min(seen, eligible), total: eligible });
  }
  return queries;
}

/** Every n-th vector of a collection of photos that show something else, at most {@link MOST_QUERIES}. */
export async function sampleVectors(
  store: Store,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const stride = Math.max(1, Math.ceil((await store.count(name)) / MOST_QUERIES));
  const vectors: Float32Array[] = [];
  let seen = 0;
  for await (const { vector } of store.iterate(name)) {
    if (seen++ % stride === 0) {
      vectors.push(vector);
    }
    if (seen % 1000 === 0) {
      signal?.throwIfAborted();
    }
  }
  return vectors;
}
