/** Keeps the folders of the server out of errors that clients see. */
import path from 'node:path';
import { PawdexError } from '../errors.js';

/** Names the files of a folder without it in an error. Returns other errors as they are. */
export function hideFolder(error: unknown, folder: string): unknown {
  if (!(error instanceof PawdexError) || !error.detail?.includes(folder)) {
    return error;
  }
  const detail = error.detail.replaceAll(folder + path.sep, '');
  return new PawdexError(error.code, { detail, hint: error.hint, cause: error });
}
