/**
 * The SQLite file that is the truth: opening, locking and migrating it. Vectors and thumbnails lie in tables of
 * their own, so that listing and filtering items reads none of their bytes.
 */
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { PawdexError } from '../../errors.js';
import { createPrivateFile, PRIVATE_FOLDER } from '../../files/private.js';
import { storageError } from './disk.js';
import Database from './sqlite.js';

export type Db = BetterSqlite3.Database;

/** File name of the database in the data directory. */
export const DATABASE_FILE = 'pawdex.db';

/**
 * One entry per schema version; an entry that was released is never changed. `seq` orders items by insertion
 * and names rows in the graph; AUTOINCREMENT because a number used twice would confuse a graph saved earlier.
 */
const MIGRATIONS = [
  `CREATE TABLE collections (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL UNIQUE,
     dimension INTEGER NOT NULL,
     fingerprint TEXT NOT NULL,
     model TEXT NOT NULL,
     description TEXT,
     gallery TEXT,
     calibration TEXT,
     created_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE items (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     collection INTEGER NOT NULL,
     id TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     label TEXT,
     source TEXT,
     size INTEGER NOT NULL,
     metadata TEXT NOT NULL,
     has_thumbnail INTEGER NOT NULL,
     created_at TEXT NOT NULL,
     species TEXT GENERATED ALWAYS AS (
       CASE json_type(metadata, '$.species') WHEN 'text' THEN json_extract(metadata, '$.species') END
     ) VIRTUAL
   ) STRICT;
   CREATE UNIQUE INDEX items_id ON items (collection, id);
   CREATE UNIQUE INDEX items_sha256 ON items (collection, sha256);
   CREATE INDEX items_order ON items (collection, seq);
   CREATE INDEX items_label ON items (collection, label, seq);
   CREATE INDEX items_species ON items (collection, species, seq);
   CREATE TABLE vectors (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;
   CREATE TABLE thumbnails (seq INTEGER PRIMARY KEY, image BLOB NOT NULL) STRICT;
   CREATE TABLE dropped_collections (id INTEGER PRIMARY KEY) STRICT;`,
];

/** Milliseconds to wait for another process that is just closing the directory. */
const LOCK_WAIT_MS = 500;

/**
 * Opens the database of a data directory, which is created when missing, and keeps every other process out
 * until the connection is closed or the process dies: the lock is the kernel's, so none is ever left behind.
 *
 * @throws PawdexError `data_dir_locked`, `data_dir_newer`, `storage_full`, `storage_failed`
 */
export function openDatabase(dataDir: string): Db {
  let db: Db | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: PRIVATE_FOLDER });
    createPrivateFile(path.join(dataDir, DATABASE_FILE));
    db = new Database(path.join(dataDir, DATABASE_FILE), { timeout: LOCK_WAIT_MS });
    // In this mode a connection that has the write-ahead log keeps it, and no shared-memory file is needed.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -32768');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    const code = String((error as { code?: unknown }).code);
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
      throw new PawdexError('data_dir_locked', { cause: error });
    throw storageError(error);
  }
}

/**
 * A check that the open file is still the one at its path. Into a file that was deleted or replaced SQLite goes on
 * writing without an error, and what it writes is gone when the process ends.
 *
 * @returns a function that throws PawdexError `storage_failed` when it is not; a call takes microseconds
 */
export function presenceCheck(db: Db): () => void {
  const opened = statSync(db.name, { bigint: true });
  return () => {
    const now = statSync(db.name, { bigint: true, throwIfNoEntry: false });
    if (now?.ino === opened.ino && now.dev === opened.dev) return;
    throw new PawdexError('storage_failed', {
      detail: 'The data directory was deleted or replaced while pawdex was running.',
      hint: 'Put it back, or stop this process and start it on the directory that is there now.',
    });
  };
}

function migrate(db: Db): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length)
    throw new PawdexError('data_dir_newer', {
      detail: `The data directory has format ${version}; this pawdex knows formats up to ${MIGRATIONS.length}.`,
    });
  // Nothing is written where nothing is to do: on a full disk what is stored can still be read.
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  })();
}
