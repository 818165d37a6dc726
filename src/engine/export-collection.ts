/** Writes a collection to a Parquet file, with limited memory. */
import { catchAsNull } from '../errors.js';
import type { WorkOptions } from '../evaluation/collection-work.js';
import { collectBatches } from '../math/group-by.js';
import type { ItemWithVector, Store } from '../store/store.js';
import type { ExportOutcome } from './engine.js';
import type { FileItem } from './file-item.js';
import { createCollectionFile } from './open-collection-file.js';
import type { EngineContext } from './spaces.js';

/** Items that are read in parallel. */
const CONCURRENCY = 64;

export async function exportCollection(
  { store }: EngineContext,
  collection: string,
  file: string,
  { signal, onProgress }: WorkOptions = {},
): Promise<ExportOutcome> {
  const info = await store.getCollection(collection);
  const writer = await createCollectionFile(file, info);
  try {
    let items = 0;
    for await (const group of collectBatches(store.iterate(collection), CONCURRENCY)) {
      signal?.throwIfAborted();
      const rows = await Promise.all(group.map((item) => readItem(store, collection, item)));
      const existing = rows.filter((row) => row !== null);
      await writer.add(existing);
      items += existing.length;
      onProgress?.({ phase: 'writing', done: items, total: Math.max(items, info.count) });
    }
    return { collection: info.name, items, bytes: await writer.finish() };
  } finally {
    await writer.close();
  }
}

/** Reads an item with its thumbnail and stored copy, unless they are damaged; null if it was deleted meanwhile. */
export async function readItem(
  store: Store,
  collection: string,
  { id, label, source, metadata, sha256, size, hasThumbnail, vector }: ItemWithVector,
): Promise<FileItem | null> {
  const images = Promise.all([
    hasThumbnail ? catchAsNull(store.getThumbnail(collection, id), 'picture_damaged') : null,
    catchAsNull(store.getOriginal(collection, id), 'picture_damaged'),
  ]);
  const read = await catchAsNull(images, 'item_not_found');
  if (read === null) {
    return null;
  }
  const [thumbnail, original] = read;
  return { id, label, source, metadata, sha256, size, vector, thumbnail, original };
}
