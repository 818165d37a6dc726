/** The SQLite binding that runs on this Node. */
import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';
import { SQLITE_MODULE } from '../../../native-modules.js';

export type Db = BetterSqlite3.Database;

const Database = createRequire(import.meta.url)(SQLITE_MODULE) as typeof BetterSqlite3;

/** Whether a database has a table. */
export const hasTable = (db: Db, name: string) =>
  db.prepare<[string]>('SELECT 1 FROM sqlite_master WHERE name = ?').get(name) !== undefined;

/** Whether changes are refused, because a full disk had no room to migrate the database (database.ts). */
export const isReadOnly = (db: Db) => db.pragma('query_only', { simple: true }) === 1;

export default Database;
