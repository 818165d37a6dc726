/** Reads photo files. */
import { readFile } from 'node:fs/promises';
import { PawdexError } from '../errors.js';

/** @throws PawdexError `file_unreadable` */
export async function readPhoto(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new PawdexError('file_unreadable', { detail: `Cannot open ${file}: ${cause.code}.`, cause });
  });
}
