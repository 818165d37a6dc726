/** Reads photos into batches of limited size, without those that the collection already contains. */
import pLimit from 'p-limit';
import type { AddResult, Engine } from '../engine/engine.js';
import { findProblem } from '../engine/item-fields.js';
import { describeFailure, PawdexError } from '../errors.js';
import { checkPhotoFile, readPhotoFile } from '../image/read-photo.js';
import { type PhotoToIndex, toItemFields } from './photo-to-index.js';

/** Photos per batch: a server's default limit for one upload. */
const BATCH_PHOTOS = 64;
/** Bytes per batch. A few batches are in memory at once, so this limits the memory of the job. */
const BATCH_BYTES = 48 * 1024 * 1024;
/** Files read in parallel. Node reads them on the threads that also decode. */
const READ_CONCURRENCY = 8;

export interface ReadPhoto {
  photo: PhotoToIndex;
  bytes: Buffer;
  /** Hex sha256. */
  sha256: string;
}

/** Called for a photo that needs no further work, with the hash of its content if it was read. */
export type Settle = (photo: PhotoToIndex, result: AddResult, sha256: string | null) => void;

export interface ReadAheadOptions {
  collection: string;
  maxFileBytes: number;
  signal?: AbortSignal;
}

/**
 * Reads photos in order and yields those that are not in the collection.
 *
 * @param settle called for each photo that is not yielded: unreadable, too large, already known, or with an invalid name or
 *   metadata
 * @throws the errors of looking up known photos
 */
export async function* readAhead(
  engine: Engine,
  photos: PhotoToIndex[],
  options: ReadAheadOptions,
  settle: Settle,
): AsyncGenerator<ReadPhoto[]> {
  const windows = groupBySize(checkPhotos(photos, options, settle), ({ size }) => size);
  yield* groupBySize(readNew(engine, windows, options, settle), ({ bytes }) => bytes.length);
}

/** Groups entries into batches of limited number and size. */
async function* groupBySize<T>(entries: AsyncIterable<T>, sizeOf: (entry: T) => number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    const size = sizeOf(entry);
    if (batch.length > 0 && (batch.length >= BATCH_PHOTOS || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/** Yields the photos that may be read, with the size of their files. */
async function* checkPhotos(
  photos: PhotoToIndex[],
  { maxFileBytes }: ReadAheadOptions,
  settle: Settle,
): AsyncGenerator<{ photo: PhotoToIndex; size: number }> {
  for (const photo of photos) {
    const size = await checkPhoto(photo, maxFileBytes).catch((error) => fail(photo, error, settle));
    if (size !== null) {
      yield { photo, size };
    }
  }
}

/** Returns the size of a photo's file. Throws PawdexError invalid_request, payload_too_large, file_unreadable. */
async function checkPhoto(photo: PhotoToIndex, maxFileBytes: number): Promise<number> {
  const detail = findProblem(toItemFields(photo));
  if (detail !== null) {
    const hint = 'Rename the file or its folder, or correct its row in the manifest.';
    throw new PawdexError('invalid_request', { detail, hint });
  }
  return (await checkPhotoFile(photo.file, maxFileBytes)).size;
}

function fail(photo: PhotoToIndex, error: unknown, settle: Settle): null {
  settle(photo, { status: 'failed', error: describeFailure(error) }, null);
  return null;
}

/** Reads photos, and yields those that are not in the collection. */
async function* readNew(
  engine: Engine,
  windows: AsyncIterable<{ photo: PhotoToIndex }[]>,
  { collection, signal }: ReadAheadOptions,
  settle: Settle,
): AsyncGenerator<ReadPhoto> {
  for await (const window of windows) {
    if (signal?.aborted) {
      return;
    }
    yield* await selectNew(engine, await readAll(window, settle), collection, settle);
  }
}

async function readAll(window: { photo: PhotoToIndex }[], settle: Settle): Promise<ReadPhoto[]> {
  const read = await pLimit(READ_CONCURRENCY).map(window, ({ photo }) =>
    readPhotoFile(photo.file).then(
      (content) => ({ photo, ...content }),
      (error) => fail(photo, error, settle),
    ),
  );
  return read.filter((entry) => entry !== null);
}

async function selectNew(
  engine: Engine,
  read: ReadPhoto[],
  collection: string,
  settle: Settle,
): Promise<ReadPhoto[]> {
  const known = await engine.store.findKnown(collection, [...new Set(read.map(({ sha256 }) => sha256))]);
  return read.filter(({ photo, sha256 }) => {
    const existing = known.get(sha256);
    if (existing === undefined) {
      return true;
    }
    settle(photo, { status: 'exists', ...existing }, sha256);
    return false;
  });
}
