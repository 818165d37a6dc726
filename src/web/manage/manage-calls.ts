/** The collection manager's requests: collections, and their items in bulk. Each throws a Problem, as in api.ts. */
import type { AddResults, CollectionInfo, DuplicatePage, Item, ItemPage } from '../../client/wire.js';
import { cutIntoBatches, groupBy } from '../../math/group-by.js';
import type { Filter } from '../../store/store.js';
import { call, getCollectionPath, hasApiKey, read, server } from '../api.js';
import { el } from '../dom.js';
import type { Job } from './follow-job.js';

/** A multiple of 2 to 6, 9, 10 and 12, so that a page fills its last row at any width of the window. */
const PAGE = 180;
/** Items per page when listing all of them. */
const LARGE_PAGE = 1000;
/** Ids in one bulk change: the server accepts 10,000. */
const MAX_IDS = 10_000;
/** Hashes in one request: they are in its URL, which is limited to 16 KiB. */
const MAX_HASHES = 100;

export function getCollection(name: string): Promise<CollectionInfo> {
  return read(getCollectionPath(name));
}

export async function createCollection(name: string, description: string): Promise<void> {
  await call('v1/collections', {
    method: 'POST',
    json: { name, ...(description === '' ? {} : { description }) },
  });
}

export async function updateCollection(
  name: string,
  change: Partial<Pick<CollectionInfo, 'name' | 'aliases' | 'description'>>,
): Promise<void> {
  await call(getCollectionPath(name), { method: 'PATCH', json: change });
}

/** Downloads what the server sends as a file: the browser writes it to disk as it arrives. */
export async function download(path: string): Promise<void> {
  // A link cannot carry a key.
  const ticket = hasApiKey()
    ? await read<{ ticket: string }>('v1/tickets', { method: 'POST', json: { path } })
    : null;
  const href = ticket === null ? path : `${path}?${new URLSearchParams({ ticket: ticket.ticket })}`;
  el('a', { href, download: true }).click();
}

/** Starts a job that imports an export file, creating the collection if needed. */
export function startImport(name: string, file: File): Promise<Job> {
  const body = new Blob([file], { type: 'application/vnd.apache.parquet' });
  return read(getCollectionPath(name, '/import-job'), { method: 'POST', body });
}

export async function deleteCollection(name: string): Promise<void> {
  await call(getCollectionPath(name), { method: 'DELETE' });
}

/** Reads a page of something that is listed. @param cursor null: the first page */
function readPage<T>(
  collection: string,
  what: string,
  parameters: Record<string, string>,
  cursor: string | null,
): Promise<T> {
  const query = new URLSearchParams({ ...parameters, ...(cursor === null ? {} : { cursor }) });
  return read(getCollectionPath(collection, `/${what}?${query}`));
}

/**
 * A page of items.
 *
 * @param filter only matching items; empty: all
 */
export function listItems(
  collection: string,
  filter: Filter,
  cursor: string | null,
  limit = PAGE,
): Promise<ItemPage> {
  return readPage(collection, 'items', { limit: String(limit), filter: JSON.stringify(filter) }, cursor);
}

/** All items that match the filter. */
export async function listAllItems(collection: string, filter: Filter): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await listItems(collection, filter, cursor, LARGE_PAGE);
    items.push(...page.items);
    if (page.next === null) {
      return items;
    }
    cursor = page.next;
  }
}

export function getItem(collection: string, id: string): Promise<Item> {
  return read(getCollectionPath(collection, `/items/${encodeURIComponent(id)}`));
}

/**
 * Sets the labels of items, with one request per label and 10,000 items.
 *
 * @param labels null removes a label
 * @returns how many there still were
 */
export async function relabel(
  collection: string,
  labels: readonly { id: string; label: string | null }[],
): Promise<number> {
  let changed = 0;
  for (const [label, group] of groupBy(labels, (each) => each.label)) {
    for (const chunk of cutIntoBatches(group, MAX_IDS)) {
      const json = { ids: chunk.map(({ id }) => id), label };
      const path = getCollectionPath(collection, '/items/update');
      changed += (await read<{ updated: number }>(path, { method: 'POST', json })).updated;
    }
  }
  return changed;
}

/** @param keepalive whether the browser sends the request even if the page is closed */
export async function deleteItems(
  collection: string,
  ids: readonly string[],
  keepalive = false,
): Promise<void> {
  for (const chunk of cutIntoBatches(ids, MAX_IDS)) {
    const path = getCollectionPath(collection, '/items/delete');
    await call(path, { method: 'POST', json: { ids: chunk }, keepalive });
  }
}

/** The hashes among these hex content hashes that the collection has. */
export async function findKnown(collection: string, hashes: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (const chunk of cutIntoBatches(hashes, MAX_HASHES)) {
    const { items } = await listItems(collection, { sha256: chunk }, null, MAX_HASHES);
    for (const { sha256 } of items) {
      known.add(sha256);
    }
  }
  return known;
}

export interface SentPhoto {
  file: File;
  label: string | null;
  source: string;
}

/** Adds photos. */
export function addPhotos(collection: string, photos: readonly SentPhoto[]): Promise<AddResults> {
  const form = new FormData();
  form.append('items', JSON.stringify(photos.map(({ label, source }) => ({ label, source }))));
  for (const { file } of photos) {
    form.append('image', file, 'image');
  }
  return read(getCollectionPath(collection, '/items'), { method: 'POST', body: form });
}

/** Near-duplicates on the next page of items. */
export function listDuplicates(
  collection: string,
  threshold: number,
  cursor: string | null,
): Promise<DuplicatePage> {
  return readPage(collection, 'duplicates', { threshold: String(threshold), limit: '500' }, cursor);
}

/** The largest file that the server accepts, in bytes. */
export const getFileLimit = () => server!.limits.fileBytes;
