/**
 * Locks a data directory against other pawdex processes. The lock is a separate file, so that the database stays open
 * to readers: SQLite's backup, and the threads that check and copy it. It is a lock of the kernel, so a process that
 * dies releases it.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../../errors.js';
import { createPrivateFile } from '../../../files/private-files.js';
import { LOCK_FILE } from './file-names.js';
import Database, { type Db } from './sqlite.js';
import { isBusy } from './storage-error.js';

/** Milliseconds to wait for another process that is closing the directory. */
export const LOCK_WAIT_MS = 500;

/**
 * Locks the directory.
 *
 * @returns a function that unlocks it; null if no lock file can be created, for instance on a full disk: the database
 *   itself must be locked then
 * @throws PawdexError data_dir_locked
 */
export function lockDirectory(dataDir: string): (() => void) | null {
  const file = path.join(dataDir, LOCK_FILE);
  let lock: Db | undefined;
  try {
    // Closing any handle of a file releases all locks of this process on it, so do not open one that exists.
    if (!existsSync(file)) {
      createPrivateFile(file);
    }
    lock = new Database(file, { timeout: LOCK_WAIT_MS });
    // The file stays empty, so there is never a journal.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    const locked = lock;
    return () => locked.close();
  } catch (error) {
    lock?.close();
    if (isBusy(error)) {
      throw new PawdexError('data_dir_locked', { cause: error });
    }
    return null;
  }
}

/** Whether a process has the directory open. Does not wait for one that is closing it. */
export function isDirectoryLocked(dataDir: string): boolean {
  const file = path.join(dataDir, LOCK_FILE);
  let lock: Db | undefined;
  try {
    lock = existsSync(file) ? new Database(file, { timeout: 0 }) : undefined;
    lock?.exec('BEGIN EXCLUSIVE');
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    lock?.close();
  }
}
