/** Thread that checks or copies the database while the store answers. */
import { serveCalls } from '../../../threads/rpc.js';
import type { SnapshotInfo } from '../../records.js';
import type { Thoroughness } from './damaged-rows.js';
import { writeSnapshot } from './database-snapshot.js';
import { checkDatabase } from './integrity-check.js';
import Database, { type Db } from './sqlite.js';
import { toStorageError } from './storage-error.js';

function withDatabase<T>(file: string, readonly: boolean, work: (db: Db) => T): T {
  try {
    const db = new Database(file, { readonly, fileMustExist: true });
    try {
      return work(db);
    } finally {
      db.close();
    }
  } catch (error) {
    throw toStorageError(error);
  }
}

const calls = {
  /** See {@link checkDatabase}. */
  check: (file: string, thoroughness: Thoroughness): string[] =>
    withDatabase(file, true, (db) => checkDatabase(db, thoroughness)),

  /** See {@link writeSnapshot}. */
  writeSnapshot: (file: string, snapshot: string): SnapshotInfo =>
    withDatabase(file, false, (db) => writeSnapshot(db, snapshot)),
};

export type MaintenanceCalls = typeof calls;

serveCalls(calls);
