/** Reads the files of photos. The errors do not name the file, because they are listed with its name. */
import { createTooLargeError } from '../errors.js';
import { createUnreadableError, type FileFacts, readFileFacts, readWholeFile } from '../files/open-file.js';
import { computeSha256Async } from '../files/sha256.js';

/**
 * Returns size and time of a photo's file.
 *
 * @throws PawdexError payload_too_large, file_unreadable
 */
export async function checkPhotoFile(file: string, maxFileBytes: number): Promise<FileFacts> {
  const facts = await readFileFacts(file).catch((error) => {
    throw createUnreadableError(error);
  });
  if (facts.size > maxFileBytes) {
    const hint = 'Shrink the photo, or raise --max-upload-mb (PAWDEX_MAX_UPLOAD_MB).';
    throw createTooLargeError('The file', maxFileBytes, hint);
  }
  return facts;
}

/** Reads and hashes a photo's file. Throws PawdexError file_unreadable. */
export async function readPhotoFile(file: string): Promise<{ bytes: Buffer; sha256: string }> {
  const bytes = await readWholeFile(file).catch((error) => {
    throw createUnreadableError(error);
  });
  return { bytes, sha256: await computeSha256Async(bytes) };
}
