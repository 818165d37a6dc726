/** Adds thumbnails to the items of a collection, from the user's own copy of the photos. */
import pLimit from 'p-limit';
import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import type { Engine, ThumbnailInput } from '../engine/engine.js';
import { describeFailure } from '../errors.js';
import { decode } from '../image/decode.js';
import { checkPhotoFile, readPhotoFile } from '../image/read-photo.js';
import { makeThumbnail } from '../image/thumbnail.js';
import { cutIntoBatches } from '../math/group-by.js';
import { findThumbnail } from '../store/find-thumbnail.js';
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
export type AttachSummary = AttachProgress & { failures: FileFailure[] };

/** Settings of {@link attachThumbnailsFromFiles}. */
export interface AttachOptions {
  collection: string;
  /** Larger files are skipped without reading them. */
  maxFileBytes: number;
  maxPixels: number;
  signal?: AbortSignal;
  onProgress?: (progress: Readonly<AttachProgress>) => void;
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
  const { collection, signal, onProgress } = options;
  const counts = { done: 0, attached: 0, kept: 0, unknown: 0, failed: 0 };
  const summary: AttachSummary = { total: photos.length, ...counts, failures: [] };
  await engine.store.getCollection(collection);
  for (const batch of cutIntoBatches(photos, BATCH)) {
    if (signal?.aborted) {
      break;
    }
    const files = await hashPhotos(batch, options, summary);
    const missing = await findWithoutThumbnail(engine, collection, [...files.keys()], summary);
    const wanted = [...files].filter(([sha256]) => missing.has(sha256));
    const thumbnails = await createThumbnails(engine, wanted, options, summary);
    const results = thumbnails.length === 0 ? [] : await engine.attachThumbnails(collection, thumbnails);
    summary.attached += results.filter((result) => result === 'attached').length;
    summary.done += batch.length;
    onProgress?.(summary);
  }
  return summary;
}

function fail(summary: AttachSummary, file: string, error: unknown): null {
  summary.failed++;
  summary.failures.push({ file, ...describeFailure(error) });
  return null;
}

/** Hashes photos. Returns a file for each content, in order, and records those that cannot be read. */
async function hashPhotos(
  photos: readonly LabelledPhoto[],
  { maxFileBytes }: AttachOptions,
  summary: AttachSummary,
): Promise<Map<string, string>> {
  const hashes = await pLimit(CONCURRENCY).map(photos, async ({ file }) => {
    try {
      await checkPhotoFile(file, maxFileBytes);
      return (await readPhotoFile(file)).sha256;
    } catch (error) {
      return fail(summary, file, error);
    }
  });
  const files = new Map<string, string>();
  hashes.forEach((hash, i) => {
    if (hash !== null && !files.has(hash)) {
      files.set(hash, photos[i]!.file);
    }
  });
  return files;
}

/** Returns the hashes of the items without a thumbnail that can be read, and counts the others. */
async function findWithoutThumbnail(
  { store }: Engine,
  collection: string,
  sha256: string[],
  summary: AttachSummary,
): Promise<Set<string>> {
  if (sha256.length === 0) {
    return new Set();
  }
  const isReadable = async ({ id, hasThumbnail }: Item) =>
    hasThumbnail && (await findThumbnail(store, collection, id)) !== null;
  const { items } = await store.listItems(collection, { limit: BATCH, filter: { sha256 } });
  const readable = await Promise.all(items.map(isReadable));
  summary.unknown += sha256.length - items.length;
  summary.kept += readable.filter(Boolean).length;
  return new Set(items.filter((_, i) => !readable[i]).map((item) => item.sha256));
}

async function createThumbnails(
  { encoder: { resize } }: Engine,
  files: readonly (readonly [sha256: string, file: string])[],
  { maxPixels }: AttachOptions,
  summary: AttachSummary,
): Promise<ThumbnailInput[]> {
  const thumbnails = await pLimit(CONCURRENCY).map(files, async ([sha256, file]) => {
    try {
      const { bytes } = await readPhotoFile(file);
      const pixels = await decode(bytes, resize, { maxPixels });
      return { sha256, thumbnail: await makeThumbnail(bytes, pixels, resize.size) };
    } catch (error) {
      return fail(summary, file, error);
    }
  });
  return thumbnails.filter((thumbnail) => thumbnail !== null);
}
