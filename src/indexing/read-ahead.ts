/** Reads photos into batches of limited size, without those that the collection already contains. */
import pLimit from 'p-limit';
import { computeContentHash } from '../engine/add-items.js';
import type { AddResult, Engine } from '../engine/engine.js';
import { describeTrouble } from '../engine/item-fields.js';
import { describeFailure, PawdexError } from '../errors.js';
import { readFileFacts, readWholeFile } from '../files/open-file.js';
import { describePhoto, type PhotoToIndex } from './describe-photo.js';

/** Photos per batch: a server's default limit for one upload. */
const BATCH_PHOTOS = 64;
/** Bytes per batch. A few batches are in memory at once, so this limits the memory of the job. */
const BATCH_BYTES = 48 * 1024 * 1024;
/** Files read at once. Node reads them on the threads that also decode. */
const READERS = 8;

/** A photo with its content. */
export interface ReadPhoto {
  photo: PhotoToIndex;
  bytes: Buffer;
  /** Hex sha256. */
  sha256: string;
}

/** Called for a photo that needs no further work, with the hash of its content if it was read. */
export type Settle = (photo: PhotoToIndex, result: AddResult, sha256: string | null) => void;

/** Settings of {@link readAhead}. */
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
  let batch: ReadPhoto[] = [];
  let bytes = 0;
  for await (const window of groupBySize(photos, options, settle)) {
    if (options.signal?.aborted) {
      return;
    }
    for (const read of await selectNew(engine, await readAll(window, settle), options.collection, settle)) {
      if (batch.length > 0 && (batch.length >= BATCH_PHOTOS || bytes + read.bytes.length > BATCH_BYTES)) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(read);
      bytes += read.bytes.length;
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/** Groups photos by the size of their files, before any is read. */
async function* groupBySize(
  photos: PhotoToIndex[],
  { maxFileBytes }: ReadAheadOptions,
  settle: Settle,
): AsyncGenerator<PhotoToIndex[]> {
  let window: PhotoToIndex[] = [];
  let bytes = 0;
  for (const photo of photos) {
    const trouble = describeTrouble(describePhoto(photo));
    if (trouble !== null) {
      settle(photo, undescribable(trouble), null);
      continue;
    }
    const size = await readFileFacts(photo.file).then(
      (facts) => facts.size,
      (error: Error) => error,
    );
    if (size instanceof Error) {
      settle(photo, unreadable(size), null);
    } else if (size > maxFileBytes) {
      settle(photo, tooLarge(size, maxFileBytes), null);
    } else {
      if (window.length >= BATCH_PHOTOS || bytes + size > BATCH_BYTES) {
        if (window.length > 0) {
          yield window;
        }
        window = [];
        bytes = 0;
      }
      window.push(photo);
      bytes += size;
    }
  }
  if (window.length > 0) {
    yield window;
  }
}

async function readAll(window: PhotoToIndex[], settle: Settle): Promise<ReadPhoto[]> {
  const read = await pLimit(READERS).map(window, async (photo) => {
    try {
      const bytes = await readWholeFile(photo.file);
      return { photo, bytes, sha256: await computeContentHash(bytes) };
    } catch (error) {
      settle(photo, unreadable(error as Error), null);
      return null;
    }
  });
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

function undescribable(detail: string): AddResult {
  const hint = 'Rename the file or its folder, or correct its row in the manifest.';
  return failure(new PawdexError('invalid_request', { detail, hint }));
}

function tooLarge(size: number, limit: number): AddResult {
  const mib = (bytes: number) => (bytes / 1024 ** 2).toFixed(1);
  return failure(
    new PawdexError('payload_too_large', {
      detail: `The file has ${mib(size)} MiB; the limit is ${mib(limit)}.`,
      hint: 'Shrink the photo, or raise --max-upload-mb (PAWDEX_MAX_UPLOAD_MB).',
    }),
  );
}

function unreadable(cause: Error): AddResult {
  return failure(
    new PawdexError('file_unreadable', { detail: `The file cannot be read: ${cause.message}.`, cause }),
  );
}

function failure(error: PawdexError): AddResult {
  return { status: 'failed', error: describeFailure(error) };
}
