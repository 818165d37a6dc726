/** Finds near-duplicates in a collection, page by page, so that each call does a limited amount of work. */
import { catchAsNull } from '../errors.js';
import { waitForIndex } from '../evaluation/collection-work.js';
import type { Item, Store } from '../store/store.js';
import type { Duplicate, DuplicateOptions, DuplicatePage } from './engine.js';
import { findVector } from './explain-neighbours.js';
import type { EngineContext } from './spaces.js';

/** Number of neighbours to compare each item with. If there are more copies of a picture, some pairs are missed. */
const NEAREST = 20;

/** How long a page waits for a graph that is being built. Exact searches would take longer and delay the graph. */
const MAX_WAIT_MS = 20_000;

const pickDuplicate = ({ id, label, source, size, hasThumbnail }: Item): Duplicate => ({
  id,
  label,
  source,
  size,
  hasThumbnail,
});

async function findItem(store: Store, collection: string, id: string): Promise<Duplicate | null> {
  const item = await catchAsNull(store.getItem(collection, id), 'item_not_found');
  return item === null ? null : pickDuplicate(item);
}

export function findDuplicates(
  { store, spaces }: EngineContext,
  collection: string,
  options: DuplicateOptions,
): Promise<DuplicatePage> {
  return spaces.run(collection, async ({ runtime }) => {
    await waitForIndex(store, collection, { maxMs: MAX_WAIT_MS });
    return compareItems(store, collection, runtime.encoder.info.fingerprint, options);
  });
}

async function compareItems(
  store: Store,
  collection: string,
  space: string,
  { threshold, limit, cursor }: DuplicateOptions,
): Promise<DuplicatePage> {
  const page = await store.listItems(collection, { limit, cursor });
  const vectors = await Promise.all(page.items.map(({ id }) => findVector(store, collection, id)));
  const queries = page.items.flatMap((item, i) => {
    const vector = vectors[i] ?? null;
    return vector === null ? [] : [{ item, vector }];
  });
  const hits = await store.searchMany(
    collection,
    queries.map(({ vector }) => vector),
    { k: NEAREST + 1, space },
  );
  const items = new Map<string, Duplicate | null>(queries.map(({ item }) => [item.id, pickDuplicate(item)]));
  const pairs: DuplicatePage['pairs'] = [];
  for (const [i, { item }] of queries.entries()) {
    for (const hit of hits[i]!) {
      // Both items find each other, so list the pair only for the smaller id.
      if (hit.similarity < threshold || hit.id <= item.id) {
        continue;
      }
      if (!items.has(hit.id)) {
        items.set(hit.id, await findItem(store, collection, hit.id));
      }
      const other = items.get(hit.id);
      if (other) {
        pairs.push({ a: items.get(item.id)!, b: other, similarity: hit.similarity });
      }
    }
  }
  pairs.sort((x, y) => y.similarity - x.similarity || (x.a.id < y.a.id ? -1 : 1));
  return { pairs, scanned: page.items.length, next: page.next };
}
