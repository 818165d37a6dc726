/** The SQLite binding that runs on this Node. */
import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';
import { SQLITE_MODULE } from '../../../native-modules.js';

export type Db = BetterSqlite3.Database;

const Database = createRequire(import.meta.url)(SQLITE_MODULE) as typeof BetterSqlite3;

/** Whether a database has a table. */
export const hasTable = (db: Db, name: string) =>
  db.prepare<[string]>('SELECT 1 FROM sqlite_master WHERE name = ?').get(name) !== undefined;

/** Whether a table is only in memory, because a full disk had no room for it. */
export const isTemporary = (db: Db, name: string) =>
  db.prepare<[string]>('SELECT 1 FROM sqlite_temp_master WHERE name = ?').get(name) !== undefined;

export default Database;
