/** Converts failures of the disk and of SQLite to coded errors. */
import { PawdexError, toFileError, WRITE_ACCESS } from '../../../errors.js';

const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT', 'EFBIG']);

const readCode = (error: unknown) => String((error as { code?: unknown } | null)?.code);

/** Whether a write failed because the disk is full. */
export const isFull = (error: unknown) => FULL.has(readCode(error));

/** Whether SQLite found a file damaged. */
export const isDamage = (error: unknown) => /^SQLITE_(CORRUPT|NOTADB)/.test(readCode(error));

/** Whether another process is using a file of SQLite. */
export const isBusy = (error: unknown) => /^SQLITE_(BUSY|LOCKED)/.test(readCode(error));

/** @param findings what is wrong, in sentences */
export function createDamagedError(findings: readonly string[], cause?: unknown): PawdexError {
  return new PawdexError('data_damaged', {
    detail: findings.join(' '),
    cause,
  });
}

/** Converts an error of SQLite or the file system to a coded error; returns others unchanged. */
export function toStorageError(error: unknown): unknown {
  const { code, name, syscall } = (error ?? {}) as { code?: unknown; name?: unknown; syscall?: unknown };
  if (name !== 'SqliteError' && syscall === undefined) {
    return error;
  }
  if (isFull(error)) {
    return new PawdexError('storage_full', { cause: error });
  }
  if (isDamage(error)) {
    return createDamagedError([`The database is damaged (${(error as Error).message}).`], error);
  }
  return (
    toFileError(error) ??
    new PawdexError('storage_failed', {
      detail: `The data directory could not be read or written (${code}).`,
      ...(/^SQLITE_(READONLY|CANTOPEN|PERM)/.test(readCode(error)) ? { hint: WRITE_ACCESS } : {}),
      cause: error,
    })
  );
}
