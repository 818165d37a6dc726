/** Reads photo files, also those in archives. */
import { PawdexError } from '../errors.js';
import { readWholeFile } from '../files/open-file.js';

/** @throws PawdexError file_unreadable */
export async function readPhoto(file: string): Promise<Buffer> {
  return readWholeFile(file).catch((cause: NodeJS.ErrnoException) => {
    const detail = `Cannot open ${file}: ${cause.code ?? cause.message}.`;
    throw new PawdexError('file_unreadable', { detail, cause });
  });
}
