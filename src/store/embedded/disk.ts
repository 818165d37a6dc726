/** Failures of the disk and of SQLite as coded errors. */
import { PawdexError } from '../../errors.js';

const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT', 'EFBIG']);

/** An error of SQLite or the file system as `storage_full` or `storage_failed`; any other passes through. */
export function storageError(error: unknown): unknown {
  const { code, name, syscall } = (error ?? {}) as { code?: unknown; name?: unknown; syscall?: unknown };
  if (name !== 'SqliteError' && syscall === undefined) return error;
  if (FULL.has(String(code))) return new PawdexError('storage_full', { cause: error });
  return new PawdexError('storage_failed', {
    detail: `The data directory could not be read or written (${code}).`,
    cause: error,
  });
}
