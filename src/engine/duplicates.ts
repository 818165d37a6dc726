/** Near-duplicates in a collection, a page of items at a time: each page is a bounded amount of work. */
import { asPawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { DuplicatePage, DuplicatePair } from './engine.js';
import type { EngineParts } from './use-cases.js';

/** Neighbours looked at for each item: of more copies of one picture than that, not every pair is named. */
const NEAREST = 20;

/** The item's vector, or null when it was deleted since it was listed. */
async function vectorOf(store: Store, collection: string, id: string): Promise<Float32Array | null> {
  try {
    return await store.getVector(collection, id);
  } catch (error) {
    if (asPawdexError(error).code === 'item_not_found') return null;
    throw error;
  }
}

/** See `Engine.duplicates`. */
export async function findDuplicates(
  { store, spaces }: EngineParts,
  collection: string,
  { threshold, limit, cursor }: { threshold: number; limit: number; cursor?: string },
): Promise<DuplicatePage> {
  await spaces.require(collection);
  const page = await store.list(collection, { limit, cursor });
  const vectors = await Promise.all(page.items.map(({ id }) => vectorOf(store, collection, id)));
  const asked = page.items.flatMap((item, i) => {
    const vector = vectors[i] ?? null;
    return vector === null ? [] : [{ item, vector }];
  });
  const found = await store.searchMany(
    collection,
    asked.map(({ vector }) => vector),
    { k: NEAREST + 1 },
  );
  const pairs: DuplicatePair[] = [];
  asked.forEach(({ item: { id, label } }, i) => {
    for (const hit of found[i]!) {
      // Both find each other; the pair is told on the page of the smaller id, so that over all pages it comes once.
      if (hit.similarity < threshold || hit.id <= id) continue;
      pairs.push({ a: { id, label }, b: { id: hit.id, label: hit.label }, similarity: hit.similarity });
    }
  });
  pairs.sort((x, y) => y.similarity - x.similarity || (x.a.id < y.a.id ? -1 : 1));
  return { pairs, scanned: page.items.length, next: page.next };
}
