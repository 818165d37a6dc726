/** Finds near-duplicates in a collection, page by page, so that each call does a bounded amount of work. */
import { asPawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { DuplicatePage, DuplicatePair } from './engine.js';
import type { EngineParts } from './use-cases.js';

/** Neighbours compared with each item. If there are more copies of one picture, some pairs are not listed. */
const NEAREST = 20;

/** The item's vector, or null if it was deleted after it was listed. */
async function findVector(store: Store, collection: string, id: string): Promise<Float32Array | null> {
  try {
    return await store.getVector(collection, id);
  } catch (error) {
    if (asPawdexError(error).code === 'item_not_found') {
      return null;
    }
    throw error;
  }
}

/** See `Engine.findDuplicates`. */
export async function findDuplicates(
  { store, spaces }: EngineParts,
  collection: string,
  { threshold, limit, cursor }: { threshold: number; limit: number; cursor?: string },
): Promise<DuplicatePage> {
  await spaces.require(collection);
  const page = await store.list(collection, { limit, cursor });
  const vectors = await Promise.all(page.items.map(({ id }) => findVector(store, collection, id)));
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
      // Each of the two finds the other. Listing the pair for the smaller id only lists it once.
      if (hit.similarity < threshold || hit.id <= id) {
        continue;
      }
      pairs.push({ a: { id, label }, b: { id: hit.id, label: hit.label }, similarity: hit.similarity });
    }
  });
  pairs.sort((x, y) => y.similarity - x.similarity || (x.a.id < y.a.id ? -1 : 1));
  return { pairs, scanned: page.items.length, next: page.next };
}
