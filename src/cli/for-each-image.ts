/** Processes image files concurrently, for commands that print one result per file. A failure sets exit code 1. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { describeFailure, PawdexError } from '../errors.js';
import { createUnreadableError, readWholeFile } from '../files/open-file.js';
import { isImageFault } from '../image/image-errors.js';
import { checkPhotoFile, createPhotoTooLargeError } from '../image/read-photo.js';
import { EXIT } from './exit-codes.js';
import { formatCount, formatError, pluralise, printLine, printMessage } from './print.js';

/** Images processed at a time: enough to decode some while others are being encoded. */
const CONCURRENCY = 8;

/** How to process images and print the results. */
interface ImageWork<T> {
  /** Larger files fail without being read. */
  maxFileBytes: number;
  /** Whether to print failures as JSON, too, in the place of results. */
  json: boolean;
  work: (bytes: Uint8Array) => Promise<T>;
  /** Formats a result in lines. */
  format: (file: string, result: T) => string | string[];
}

/**
 * Processes files concurrently and prints the results in the order of the files. Errors of single files go to stderr.
 *
 * @param files paths
 * @throws PawdexError for errors that are not about one image
 */
export async function forEachImage<T>(
  files: string[],
  { maxFileBytes, json, work, format }: ImageWork<T>,
): Promise<void> {
  const start = (file: string) => {
    const outcome = readImage(file, maxFileBytes).then(work).catch(returnImageFault);
    // It is awaited in order. Until then a rejection must not count as unhandled.
    outcome.catch(() => {});
    return outcome;
  };
  const ahead = files.slice(0, CONCURRENCY).map(start);
  let failures = 0;
  for (const [i, file] of files.entries()) {
    const outcome = await ahead.shift()!;
    const next = files[i + CONCURRENCY];
    if (next !== undefined) {
      ahead.push(start(next));
    }
    if (outcome instanceof PawdexError) {
      failures++;
      printMessage(formatError(outcome, false, file));
      if (json) {
        await printLine(JSON.stringify({ file, error: describeFailure(outcome) }));
      }
    } else {
      await printLine(format(file, outcome));
    }
  }
  if (failures > 0) {
    process.exitCode = EXIT.someFailed;
    if (files.length > 1) {
      printMessage(`${formatCount(failures)} of ${pluralise(files.length, 'image')} failed.`);
    }
  }
}

function returnImageFault(error: unknown): PawdexError {
  if (isImageFault(error)) {
    return error;
  }
  throw error;
}

/** Reads an image file, and no more of it than is allowed: a pipe or device has no size and may never end. */
async function readImage(file: string, maxFileBytes: number): Promise<Uint8Array> {
  const stats = await stat(file).catch(() => null);
  // Not a file of its own, but perhaps one in an archive.
  const { size } = stats ?? (await checkPhotoFile(file, maxFileBytes));
  if (size > maxFileBytes) {
    throw createPhotoTooLargeError(maxFileBytes);
  }
  const reading =
    stats === null ? readWholeFile(file) : buffer(createReadStream(file, { end: maxFileBytes }));
  const bytes = await reading.catch((error) => {
    throw createUnreadableError(error);
  });
  if (bytes.length > maxFileBytes) {
    throw createPhotoTooLargeError(maxFileBytes);
  }
  return bytes;
}
