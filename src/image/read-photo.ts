/** Reads the files of photos, also those in archives. */
import { createTooLargeError, PawdexError } from '../errors.js';
import { createUnreadableError, type FileFacts, readFileFacts, readWholeFile } from '../files/open-file.js';
import { computeSha256Async } from '../files/sha256.js';

/** The error for a file that is larger than the settings allow. */
export const createPhotoTooLargeError = (maxFileBytes: number) =>
  createTooLargeError(
    'The file',
    maxFileBytes,
    'Shrink the photo, or raise --max-upload-mb (PAWDEX_MAX_UPLOAD_MB).',
  );

/**
 * Returns size and time of a photo's file. The errors do not name the file, for lists that do.
 *
 * @throws PawdexError payload_too_large, file_unreadable
 */
export async function checkPhotoFile(file: string, maxFileBytes: number): Promise<FileFacts> {
  const facts = await readFileFacts(file).catch((error) => {
    throw createUnreadableError(error);
  });
  if (facts.size > maxFileBytes) {
    throw createPhotoTooLargeError(maxFileBytes);
  }
  return facts;
}

/** Reads and hashes a photo's file. Throws PawdexError file_unreadable, without the file's name. */
export async function readPhotoFile(file: string): Promise<{ bytes: Buffer; sha256: string }> {
  const bytes = await readWholeFile(file).catch((error) => {
    throw createUnreadableError(error);
  });
  return { bytes, sha256: await computeSha256Async(bytes) };
}

/** Reads a photo's file. Throws PawdexError file_unreadable, with the file's name. */
export async function readPhoto(file: string): Promise<Buffer> {
  return readWholeFile(file).catch((cause) => {
    const detail = `${file}: ${createUnreadableError(cause).message}`;
    throw new PawdexError('file_unreadable', { detail, cause });
  });
}
