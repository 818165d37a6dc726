/** The SQLite binding that runs on this Node. */
import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';
import { SQLITE_MODULE } from '../../../native-modules.js';

/** An open database. */
export type Db = BetterSqlite3.Database;

const Database = createRequire(import.meta.url)(SQLITE_MODULE) as typeof BetterSqlite3;

export default Database;
