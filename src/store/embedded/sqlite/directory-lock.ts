/**
 * Keeps every other pawdex out of a data directory. The lock is a file of its own, so that the database stays open to
 * readers: SQLite's backup, and the threads that check it and copy it. It is the kernel's: a process that dies in any
 * way leaves none behind.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../../errors.js';
import { createPrivateFile } from '../../../files/private-files.js';
import Database, { type Db } from './sqlite.js';

const LOCK_FILE = 'pawdex.lock';
/** Milliseconds to wait for another process that is just closing the directory. */
export const LOCK_WAIT_MS = 500;

/**
 * Takes the lock.
 *
 * @returns what gives it back, or null where no file can be made, on a full disk for instance: the database itself must
 *   be locked then
 * @throws PawdexError `data_dir_locked`
 */
export function lockDirectory(dataDir: string): (() => void) | null {
  const file = path.join(dataDir, LOCK_FILE);
  let lock: Db | undefined;
  try {
    // Closing a file gives up the locks that any part of this process has on it, so one that is there is not touched.
    if (!existsSync(file)) {
      createPrivateFile(file);
    }
    lock = new Database(file, { timeout: LOCK_WAIT_MS });
    // Nothing is ever written: the file stays empty, and there is no journal.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    const held = lock;
    return () => held.close();
  } catch (error) {
    lock?.close();
    if (isBusy(error)) {
      throw new PawdexError('data_dir_locked', { cause: error });
    }
    return null;
  }
}

/** Whether an error of SQLite says that somebody else has the file. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code));
}
