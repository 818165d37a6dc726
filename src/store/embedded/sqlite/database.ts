/**
 * The SQLite file that is the truth: opening, locking and migrating it. Vectors and thumbnails lie in tables of
 * their own, so that listing and filtering items reads none of their bytes.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../../errors.js';
import { createPrivateFile, PRIVATE_FOLDER } from '../../../files/private-files.js';
import { ASIDE } from '../../../files/replace-file.js';
import { isBusy, LOCK_WAIT_MS, lockDirectory } from './directory-lock.js';
import { refuseMissingDatabase } from './soundness.js';
import Database, { type Db } from './sqlite.js';
import { isDamage, isFull, toStorageError } from './storage-error.js';

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
  // How much there should be: see ledger.ts.
  `CREATE TABLE ledger (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
   INSERT INTO ledger SELECT id, (SELECT count(*) FROM items WHERE collection = collections.id) FROM collections;
   INSERT INTO ledger VALUES (0, 0);
   CREATE TABLE identity (store TEXT NOT NULL) STRICT;
   INSERT INTO identity VALUES (lower(hex(randomblob(16))));`,
  // See item-values.ts: items up to `after` have their values in the table; all of them when it is null.
  `CREATE TABLE item_values (
     collection INTEGER NOT NULL,
     path TEXT NOT NULL,
     value ANY NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (collection, path, value, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE values_progress (after INTEGER) STRICT;
   INSERT INTO values_progress VALUES (0);`,
];

/** An open database, and what closes it and gives the directory back. */
export interface OpenedDatabase {
  db: Db;
  /** Whether other connections may read it: not where the directory could not be locked in another way. */
  isShared: boolean;
  close(): void;
}

/**
 * Opens the database of a data directory, which is created when missing, and keeps every other pawdex out until it is
 * closed or the process dies.
 *
 * @throws PawdexError `data_dir_locked`, `data_dir_newer`, `data_damaged`, `storage_full`, `storage_failed`
 */
export function openDatabase(dataDir: string): OpenedDatabase {
  let release: (() => void) | null = null;
  try {
    mkdirSync(dataDir, { recursive: true, mode: PRIVATE_FOLDER });
    release = lockDirectory(dataDir);
    refuseMissingDatabase(dataDir, DATABASE_FILE);
    const { db, isShared } = openDatabaseFile(path.join(dataDir, DATABASE_FILE), release !== null);
    return {
      db,
      isShared,
      close() {
        db.close();
        release?.();
      },
    };
  } catch (error) {
    release?.();
    if (isBusy(error)) {
      throw new PawdexError('data_dir_locked', { cause: error });
    }
    throw toStorageError(error);
  }
}

/**
 * Opens or makes a database, brought up to the newest format.
 *
 * @param shared whether other connections may use it; else, or where that cannot be, they are locked out
 */
export function openDatabaseFile(file: string, shared: boolean): { db: Db; isShared: boolean } {
  createPrivateFile(file);
  const db = new Database(file, { timeout: LOCK_WAIT_MS });
  try {
    // Shared, SQLite keeps an index of its log in a file, for which a full disk has no room; else it is in memory.
    db.pragma(`locking_mode = ${shared ? 'NORMAL' : 'EXCLUSIVE'}`);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -32768');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    migrate(db);
    return { db, isShared: shared };
  } catch (error) {
    db.close();
    if (!shared || isBusy(error) || error instanceof PawdexError || isDamage(error)) {
      throw error;
    }
    return openDatabaseFile(file, false);
  }
}

/**
 * A check that the open file is still the one at its path. Into a file that was deleted or replaced SQLite goes on
 * writing without an error, and what it writes is gone when the process ends.
 *
 * @returns a function that throws PawdexError `storage_failed` when it is not; a call takes microseconds
 */
export function createPresenceCheck(db: Db): () => void {
  const opened = statSync(db.name, { bigint: true });
  return () => {
    const now = statSync(db.name, { bigint: true, throwIfNoEntry: false });
    if (now?.ino === opened.ino && now.dev === opened.dev) {
      return;
    }
    throw new PawdexError('storage_failed', {
      detail: 'The data directory was deleted or replaced while pawdex was running.',
      hint: 'Put it back, or stop this process and start it on the directory that is there now.',
    });
  };
}

function migrate(db: Db): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length) {
    throw new PawdexError('data_dir_newer', {
      detail: `The data directory has format ${version}; this pawdex knows formats up to ${MIGRATIONS.length}.`,
    });
  }
  // Nothing is written where nothing is to do: on a full disk what is stored can still be read.
  if (version === MIGRATIONS.length) {
    return;
  }
  const missing = MIGRATIONS.slice(version);
  try {
    if (version > 0) {
      copyBeforeMigration(db, version);
    }
    db.transaction(() => {
      for (const sql of missing) {
        db.exec(sql);
      }
      db.pragma(`user_version = ${MIGRATIONS.length}`);
    })();
  } catch (error) {
    if (version === 0 || !isFull(error)) {
      throw error;
    }
    // What later versions add can be had from the rows: in memory for now, on the disk at a start with room.
    db.pragma('temp_store = MEMORY');
    for (const sql of missing) {
      db.exec(sql.replaceAll('CREATE TABLE', 'CREATE TEMP TABLE'));
    }
  }
}

/** Keeps the database as it was beside the one that is changed, for a return to the pawdex that wrote it. */
function copyBeforeMigration(db: Db, version: number): void {
  const copy = `${db.name}.format-${version}`;
  if (existsSync(copy)) {
    return;
  }
  const aside = copy + ASIDE;
  rmSync(aside, { force: true });
  createPrivateFile(aside);
  try {
    db.prepare('VACUUM INTO ?').run(aside);
    renameSync(aside, copy);
  } finally {
    rmSync(aside, { force: true });
  }
}
