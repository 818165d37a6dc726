/** Queries of long work on live collections, and the searches with them. */
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import { cutIntoBatches } from '../math/group-by.js';
import type { BareHit, ItemWithVector, Store } from '../store/store.js';
import type { WorkOptions } from './collection-work.js';

/** More queries would hardly change the result. */
export const MAX_QUERIES = 2000;
/** Queries sent to the store at once; few, so that other searches can run in between. */
export const BATCH_SIZE = 16;

/** A labelled photo of a collection, as a query. */
export interface CollectionQuery {
  id: string;
  label: string;
  /** float32 [dimension] */
  vector: Float32Array;
}

/** Counts the photos per label; skips photos without a label. */
export async function countLabels(store: Store, name: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { label, count } of await store.listLabels(name)) {
    if (label !== null) {
      counts.set(label, count);
    }
  }
  return counts;
}

/** Counts the photos that can be queries: those whose label has another photo. @param counts photos per label */
export function countEligible(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + (count > 1 ? count : 0), 0);
}

/** Returns every n-th wanted item of a collection, at most `max`. @param total number of wanted items */
async function sampleItems(
  store: Store,
  name: string,
  { isWanted, total, max }: { isWanted: (item: ItemWithVector) => boolean; total: number; max: number },
  { signal, onProgress }: WorkOptions,
): Promise<ItemWithVector[]> {
  const stride = Math.max(1, Math.ceil(total / max));
  const sample: ItemWithVector[] = [];
  let count = 0;
  for await (const item of store.iterate(name)) {
    if (!isWanted(item)) {
      continue;
    }
    if (count % stride === 0) {
      sample.push(item);
    }
    count++;
    if (count % 1000 === 0) {
      signal?.throwIfAborted();
      onProgress?.({ phase: 'reading', done: Math.min(count, total), total });
    }
  }
  return sample;
}

/**
 * Samples every n-th photo whose label has another photo in the collection, so that a right answer exists.
 *
 * @param options maxQueries: default {@link MAX_QUERIES}
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason
 */
export async function sampleQueries(
  store: Store,
  name: string,
  counts: ReadonlyMap<string, number>,
  { maxQueries = MAX_QUERIES, ...work }: WorkOptions & { maxQueries?: number },
): Promise<CollectionQuery[]> {
  const isWanted = ({ label }: ItemWithVector) => label !== null && (counts.get(label) ?? 0) > 1;
  const wanted = { isWanted, total: countEligible(counts), max: maxQueries };
  const sample = await sampleItems(store, name, wanted, work);
  return sample.map(({ id, label, vector }) => ({ id, label: label!, vector }));
}

/** Samples every n-th vector of a collection, at most {@link MAX_QUERIES}. */
export async function sampleVectors(
  store: Store,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const all = { isWanted: () => true, total: await store.count(name), max: MAX_QUERIES };
  return (await sampleItems(store, name, all, { signal })).map(({ vector }) => vector);
}

/** Queries of one label, for searches without that label. */
export interface QueryBatch {
  label: string;
  others: string[];
  queries: CollectionQuery[];
}

/** Yields the queries label by label, at most `size` at once, and reports each batch as done when the next is requested. */
export async function* batchQueries(
  queries: readonly CollectionQuery[],
  labels: readonly string[],
  size: number,
  { signal, onProgress }: WorkOptions,
): AsyncGenerator<QueryBatch, void> {
  let done = 0;
  for (const label of labels) {
    const others = labels.filter((other) => other !== label);
    const ofLabel = queries.filter((query) => query.label === label);
    for (const batch of cutIntoBatches(ofLabel, size)) {
      signal?.throwIfAborted();
      yield { label, others, queries: batch };
      done += batch.length;
      onProgress?.({ phase: 'asking', done, total: queries.length });
    }
  }
}

/** What the collection's own searches found for one query. */
export interface SearchedQuery {
  /** The nearest others, nearest first. */
  neighbours: BareHit[];
  /** The nearest of other labels; empty if that was not requested. */
  withoutLabel: BareHit[];
  nonPetSimilarity: number | null;
}

/**
 * Searches with each query of a batch, and again without the batch's label.
 *
 * @param options depth: neighbours to find; k: neighbours of other labels to find, null for no second search
 */
export async function searchQueryBatch(
  store: Store,
  name: string,
  { others, queries }: QueryBatch,
  { depth, k, references }: { depth: number; k: number | null; references: NonPetPhotos | null | undefined },
): Promise<SearchedQuery[]> {
  const vectors = queries.map(({ vector }) => vector);
  // Each finds itself.
  const found = await store.searchMany(name, vectors, { k: depth + 1 });
  const withoutLabel =
    k === null ? [] : await store.searchMany(name, vectors, { k, filter: { label: others } });
  return queries.map(({ id, vector }, i) => ({
    neighbours: found[i]!.filter((hit) => hit.id !== id).slice(0, depth),
    withoutLabel: withoutLabel[i] ?? [],
    nonPetSimilarity: measureNonPetSimilarity(vector, references),
  }));
}

export interface NonPetBatch {
  /** The index of the first vector. */
  first: number;
  vectors: Float32Array[];
}

/** Yields non-pets in batches, like {@link batchQueries}. */
export async function* batchNonPets(
  nonPets: Float32Array[],
  size: number,
  { signal, onProgress }: WorkOptions,
): AsyncGenerator<NonPetBatch, void> {
  for (let first = 0; first < nonPets.length; first += size) {
    signal?.throwIfAborted();
    const vectors = nonPets.slice(first, first + size);
    yield { first, vectors };
    onProgress?.({ phase: 'non-pets', done: first + vectors.length, total: nonPets.length });
  }
}
