/** Writes a collection to a Parquet file, with limited memory. */
import { asPawdexError, catchAsNull, PawdexError } from '../errors.js';
import type { WorkOptions } from '../evaluation/collection-queries.js';
import type { ItemWithVector, Store } from '../store/store.js';
import { CollectionFileWriter, type FileItem } from './collection-file.js';
import type { ExportOutcome } from './engine.js';
import type { EngineParts } from './use-cases.js';

/** Items whose pictures are read in parallel. */
const AT_ONCE = 64;

/** See `Engine.exportCollection`. */
export async function exportCollection(
  { store }: EngineParts,
  collection: string,
  file: string,
  { signal, onProgress }: WorkOptions = {},
): Promise<ExportOutcome> {
  const info = await store.getCollection(collection);
  let writer: CollectionFileWriter | null = null;
  try {
    writer = new CollectionFileWriter(file, info);
    let items = 0;
    for await (const some of inGroups(store.iterate(collection))) {
      signal?.throwIfAborted();
      for (const item of await Promise.all(some.map((each) => readItem(store, collection, each)))) {
        if (item !== null) {
          writer.add(item);
          items++;
        }
      }
      onProgress?.({ phase: 'writing', done: items, total: Math.max(items, info.count) });
    }
    return { collection: info.name, items, bytes: await writer.finish() };
  } catch (error) {
    await writer?.abandon();
    throw describeFileError(error, file);
  }
}

async function* inGroups(items: AsyncIterable<ItemWithVector>): AsyncGenerator<ItemWithVector[]> {
  let group: ItemWithVector[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length === AT_ONCE) {
      yield group;
      group = [];
    }
  }
  yield group;
}

/** Reads an item with its pictures; null if it was deleted in the meantime. */
export async function readItem(
  store: Store,
  collection: string,
  { id, label, source, metadata, sha256, size, hasThumbnail, vector }: ItemWithVector,
): Promise<FileItem | null> {
  const pictures = Promise.all([
    hasThumbnail ? store.getThumbnail(collection, id) : null,
    store.getOriginal(collection, id),
  ]);
  const found = await catchAsNull(pictures, 'item_not_found');
  if (found === null) {
    return null;
  }
  const [thumbnail, original] = found;
  return { id, label, source, metadata, sha256, size, vector, thumbnail, original };
}

function describeFileError(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof PawdexError || code === undefined) {
    return error;
  }
  return asPawdexError(error).code === 'storage_full'
    ? new PawdexError('storage_full', { detail: `The disk of ${file} is full.`, cause: error })
    : new PawdexError('file_unreadable', { detail: `${file} cannot be written: ${message}.`, cause: error });
}
