/** Calls of the collection manager: items of a collection, a few changes at a time. */
import type { Item, ItemPage } from '../../client/wire.js';
import { call } from '../api.js';
import { Problem } from '../problem.js';

/** Requests at once: the server stores one change after the other anyway. */
const AT_ONCE = 4;
/** A multiple of 2 to 6, 9, 10 and 12: a page then fills its last row, whatever the width of the window. */
const PAGE = 180;

const pathOf = (collection: string, rest = '') => `v1/collections/${encodeURIComponent(collection)}${rest}`;
const itemPath = (collection: string, id: string) => pathOf(collection, `/items/${encodeURIComponent(id)}`);

/** @throws Problem */
export async function createCollection(name: string, description: string): Promise<void> {
  await call('v1/collections', {
    method: 'POST',
    json: { name, ...(description === '' ? {} : { description }) },
  });
}

/** @throws Problem */
export async function deleteCollection(name: string): Promise<void> {
  await call(pathOf(name), { method: 'DELETE' });
}

/**
 * A page of items.
 *
 * @param label only these; null: all
 * @throws Problem
 */
export async function listItems(
  collection: string,
  label: string | null,
  cursor: string | null,
): Promise<ItemPage> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (label !== null) {
    query.set('label', label);
  }
  if (cursor !== null) {
    query.set('cursor', cursor);
  }
  return (await call(pathOf(collection, `/items?${query}`))).json() as Promise<ItemPage>;
}

/** All items of a label, or of the collection. @throws Problem */
export async function listAllItems(collection: string, label: string | null): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await listItems(collection, label, cursor);
    items.push(...page.items);
    if (page.next === null) {
      return items;
    }
    cursor = page.next;
  }
}

/** Does something for each of many, a few at a time. What is gone already counts as done. @throws Problem */
async function forEach<T>(all: T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const waiting = all.values();
  const worker = async () => {
    for (const one of waiting) {
      await work(one).catch((error: unknown) => {
        if (!(error instanceof Problem) || error.code !== 'item_not_found') {
          throw error;
        }
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Gives each item a label; null takes it away. @throws Problem */
export function relabel(
  collection: string,
  labels: { id: string; label: string | null }[],
  onDone: () => void = () => {},
): Promise<void> {
  return forEach(labels, async ({ id, label }) => {
    await call(itemPath(collection, id), { method: 'PATCH', json: { label } });
    onDone();
  });
}

/** @param keepalive whether the requests go on when the page is left. @throws Problem */
export function deleteItems(collection: string, ids: string[], keepalive = false): Promise<void> {
  if (keepalive) {
    for (const id of ids) {
      void call(itemPath(collection, id), { method: 'DELETE', keepalive }).catch(() => undefined);
    }
    return Promise.resolve();
  }
  return forEach(ids, (id) => call(itemPath(collection, id), { method: 'DELETE' }));
}

/** What became of photos that were added. */
export interface Added {
  created: number;
  exists: number;
  failed: number;
  results: (
    | { status: 'created' | 'exists' }
    | { status: 'failed'; error: { detail: string; hint: string } }
  )[];
}

/** Adds photos of one label. @throws Problem */
export async function addPhotos(collection: string, files: File[], label: string | null): Promise<Added> {
  const form = new FormData();
  form.append(
    'items',
    JSON.stringify(files.map((file) => ({ label, source: file.webkitRelativePath || file.name }))),
  );
  for (const file of files) {
    form.append('image', file, 'image');
  }
  return (await call(pathOf(collection, '/items'), { method: 'POST', form })).json() as Promise<Added>;
}
