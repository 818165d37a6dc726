/** Adds thumbnails to the items of a collection, from the user's own copy of the photos. */
import pLimit from 'p-limit';
import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import type { Engine, ThumbnailInput } from '../engine/engine.js';
import { asPawdexError, catchAsNull } from '../errors.js';
import { readFileFacts, readWholeFile } from '../files/open-file.js';
import { computeSha256Async } from '../files/sha256.js';
import { decode } from '../image/decode.js';
import { makeThumbnail } from '../image/thumbnail.js';
import type { Item } from '../store/store.js';
import type { FileFailure } from './index-folder.js';

/** Photos per look-up. This many hashes fit in a URL. */
const BATCH = 100;
/** Files read, and thumbnails created, in parallel. */
const CONCURRENCY = 4;

/** Progress so far. */
export interface AttachProgress {
  total: number;
  done: number;
  /** Items that got a thumbnail. */
  attached: number;
  /** Items that already had one. */
  kept: number;
  /** Photos that are not in the collection. */
  unknown: number;
  failed: number;
}

/** The outcome, with the photos that could not be read, and why. */
export type AttachSummary = AttachProgress & { failures: Omit<FileFailure, 'hint'>[] };

/** Settings of {@link attachThumbnailsFromFiles}. */
export interface AttachOptions {
  collection: string;
  /** Larger files are skipped without reading them. */
  maxFileBytes: number;
  maxPixels: number;
  signal?: AbortSignal;
  onProgress?: (progress: Readonly<AttachProgress>) => void;
}

/** Hashes a photo. If it cannot be read, records that in the summary and returns null. */
async function hashPhoto({ file }: LabelledPhoto, { maxFileBytes }: AttachOptions, summary: AttachSummary) {
  try {
    const { size } = await readFileFacts(file);
    if (size <= maxFileBytes) {
      return await computeSha256Async(await readWholeFile(file));
    }
    throw new Error(`it has ${size} bytes`);
  } catch (error) {
    summary.failed++;
    summary.failures.push({ file, code: 'file_unreadable', detail: (error as Error).message });
    return null;
  }
}

async function createThumbnail(
  file: string,
  { resize }: Engine['encoder'],
  maxPixels: number,
): Promise<Uint8Array> {
  const bytes = await readWholeFile(file);
  return makeThumbnail(bytes, await decode(bytes, resize, { maxPixels }), resize.size);
}

/** Whether an item has a thumbnail that can be read. */
async function hasReadableThumbnail({ store }: Engine, collection: string, { id, hasThumbnail }: Item) {
  const codes = ['thumbnail_not_found', 'picture_damaged', 'item_not_found'] as const;
  return hasThumbnail && (await catchAsNull(store.getThumbnail(collection, id), ...codes)) !== null;
}

/** Returns the hashes of the items without a thumbnail, and counts the other photos. */
async function findItemsWithoutThumbnail(
  engine: Engine,
  collection: string,
  hashes: string[],
  summary: AttachSummary,
) {
  const sha256 = [...new Set(hashes)];
  const { items } = await engine.store.listItems(collection, { limit: BATCH, filter: { sha256 } });
  summary.unknown += sha256.length - items.length;
  const isReadable = await Promise.all(items.map((item) => hasReadableThumbnail(engine, collection, item)));
  summary.kept += isReadable.filter(Boolean).length;
  return new Set(items.filter((_, i) => !isReadable[i]).map((item) => item.sha256));
}

async function attachBatch(
  engine: Engine,
  photos: readonly LabelledPhoto[],
  options: AttachOptions,
  summary: AttachSummary,
): Promise<void> {
  const { collection, maxPixels } = options;
  const limit = pLimit(CONCURRENCY);
  const hashes = await limit.map(photos, (photo) => hashPhoto(photo, options, summary));
  const readable = hashes.filter((hash) => hash !== null);
  if (readable.length === 0) {
    return;
  }
  const withoutThumbnail = await findItemsWithoutThumbnail(engine, collection, readable, summary);
  // One of several equal photos is enough.
  const wanted = new Map<string, string>();
  hashes.forEach((hash, i) => {
    if (hash !== null && withoutThumbnail.has(hash) && !wanted.has(hash)) {
      wanted.set(hash, photos[i]!.file);
    }
  });
  const thumbnails = await limit.map(wanted, async ([sha256, file]): Promise<ThumbnailInput | null> => {
    try {
      return { sha256, thumbnail: await createThumbnail(file, engine.encoder, maxPixels) };
    } catch (error) {
      const { code, message } = asPawdexError(error);
      summary.failed++;
      summary.failures.push({ file, code, detail: message });
      return null;
    }
  });
  const results = await engine.attachThumbnails(
    collection,
    thumbnails.filter((thumbnail) => thumbnail !== null),
  );
  summary.attached += results.filter((result) => result === 'attached').length;
}

/**
 * Attaches thumbnails. Adds no items, and replaces only damaged thumbnails.
 *
 * @throws PawdexError collection_not_found, storage_full, storage_failed
 */
export async function attachThumbnailsFromFiles(
  engine: Engine,
  photos: readonly LabelledPhoto[],
  options: AttachOptions,
): Promise<AttachSummary> {
  const { signal, onProgress } = options;
  const counts = { done: 0, attached: 0, kept: 0, unknown: 0, failed: 0 };
  const summary: AttachSummary = { total: photos.length, ...counts, failures: [] };
  await engine.store.getCollection(options.collection);
  for (let from = 0; from < photos.length && !signal?.aborted; from += BATCH) {
    const batch = photos.slice(from, from + BATCH);
    await attachBatch(engine, batch, options, summary);
    summary.done += batch.length;
    onProgress?.(summary);
  }
  return summary;
}
