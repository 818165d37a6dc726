/**
 * Opens, locks and migrates the SQLite database, which is the source of truth. Vectors and thumbnails have tables of
 * their own, so that listing and filtering items does not read their bytes.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../../errors.js';
import { createFolder } from '../../../files/create-folder.js';
import { createPrivateFile, PRIVATE_FOLDER } from '../../../files/private-files.js';
import { TEMPORARY_SUFFIX } from '../../../files/replace-file.js';
import { LOCK_WAIT_MS, lockDirectory } from './directory-lock.js';
import { DATABASE_FILE } from './file-names.js';
import { refuseMissingDatabase } from './integrity-check.js';
import Database, { type Db, isReadOnly } from './sqlite.js';
import { isBusy, isDamage, isFull, toStorageError } from './storage-error.js';

/**
 * One entry per schema version; a released entry never changes. `seq` is the order of insertion and identifies rows
 * in the graph. It is AUTOINCREMENT because a reused number would not match a graph that was saved earlier.
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
  // The expected number of items: see ledger.ts.
  `CREATE TABLE ledger (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
   INSERT INTO ledger SELECT id, (SELECT count(*) FROM items WHERE collection = collections.id) FROM collections;
   INSERT INTO ledger VALUES (0, 0);
   CREATE TABLE identity (store TEXT NOT NULL) STRICT;
   INSERT INTO identity VALUES (lower(hex(randomblob(16))));`,
  // See item-values.ts. The table has the values of items up to `after`, or of all items if that is null.
  `CREATE TABLE item_values (
     collection INTEGER NOT NULL,
     path TEXT NOT NULL,
     value ANY NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (collection, path, value, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE values_progress (after INTEGER) STRICT;
   INSERT INTO values_progress VALUES (0);`,
  // A collection without a row has the default settings. Its vectors are stored under the numbers of their items times
  // `vector_sign`, and those that will replace them (reembedding-table.ts) under the negated numbers.
  `CREATE TABLE collection_settings (
     collection INTEGER PRIMARY KEY,
     vector_sign INTEGER NOT NULL DEFAULT 1,
     originals TEXT NOT NULL DEFAULT 'off'
   ) STRICT;
   CREATE TABLE aliases (name TEXT PRIMARY KEY, collection INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE originals (seq INTEGER PRIMARY KEY, image BLOB NOT NULL) STRICT;
   CREATE TABLE reembeddings (
     collection INTEGER PRIMARY KEY,
     fingerprint TEXT NOT NULL,
     dimension INTEGER NOT NULL,
     model TEXT NOT NULL,
     started_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE dropped_vectors (collection INTEGER PRIMARY KEY, after INTEGER NOT NULL) STRICT;`,
  // See row-checksums.ts. Items up to `after` have a checksum, or all items if that is null.
  `ALTER TABLE items ADD COLUMN checksum INTEGER;
   ALTER TABLE thumbnails ADD COLUMN checksum INTEGER;
   ALTER TABLE originals ADD COLUMN checksum INTEGER;
   ALTER TABLE collections ADD COLUMN checksum INTEGER;
   CREATE TABLE checksum_progress (after INTEGER) STRICT;
   INSERT INTO checksum_progress VALUES (0);`,
  // Moves to another encoder have a checksum, and so have pictures and vectors of older items: of those up to `after`, or
  // of all if that is null.
  `ALTER TABLE reembeddings ADD COLUMN checksum INTEGER;
   CREATE TABLE picture_progress (after INTEGER) STRICT;
   INSERT INTO picture_progress VALUES (0);`,
];

/** An open database. Closing it also unlocks its directory. */
export interface OpenedDatabase {
  db: Db;
  /** Whether other connections may read it; false if the database itself had to be locked. */
  isShared: boolean;
  close(): void;
}

/**
 * Opens the database of a data directory, which is created if missing. No other pawdex process can open it until it is
 * closed or the process ends.
 *
 * @throws PawdexError data_dir_locked, data_dir_newer, data_damaged, storage_full, storage_failed
 */
export function openDatabase(dataDir: string): OpenedDatabase {
  let release: (() => void) | null = null;
  try {
    createFolder(dataDir, PRIVATE_FOLDER);
    release = lockDirectory(dataDir);
    refuseMissingDatabase(dataDir);
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
 * Opens or creates a database and migrates it to the newest format.
 *
 * @param isShared whether other connections may use it; if that is impossible, they are locked out
 */
export function openDatabaseFile(file: string, isShared: boolean): { db: Db; isShared: boolean } {
  createPrivateFile(file);
  const db = new Database(file, { timeout: LOCK_WAIT_MS });
  try {
    // For shared access SQLite keeps an index of its log in a file, which fails on a full disk; otherwise in memory.
    db.pragma(`locking_mode = ${isShared ? 'NORMAL' : 'EXCLUSIVE'}`);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -32768');
    // A log of 16 MiB: pages that many puts change are copied to the database less often, which makes puts a tenth faster.
    db.pragma('wal_autocheckpoint = 4000');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    migrate(db);
    return { db, isShared };
  } catch (error) {
    db.close();
    if (!isShared || isBusy(error) || error instanceof PawdexError || isDamage(error)) {
      throw error;
    }
    return openDatabaseFile(file, false);
  }
}

/**
 * Creates a check that changes will last: that the database was migrated, and that the open file is still the one at its
 * path. SQLite keeps writing to a deleted or replaced file without an error, and those writes are lost when the process
 * ends.
 *
 * @returns a function that throws PawdexError `storage_full` or `storage_failed` if not; a call takes microseconds
 */
export function createWriteCheck(db: Db): () => void {
  const opened = statSync(db.name, { bigint: true });
  const isRefused = isReadOnly(db);
  return () => {
    if (isRefused) {
      throw new PawdexError('storage_full', {
        detail: 'The disk was too full to upgrade the database at the start, so nothing can be changed.',
        hint: 'Free some space on the disk of PAWDEX_DATA_DIR and start the server again.',
      });
    }
    const now = statSync(db.name, { bigint: true, throwIfNoEntry: false });
    if (now?.ino === opened.ino && now.dev === opened.dev) {
      return;
    }
    throw new PawdexError('storage_failed', {
      detail: 'The data directory was deleted or replaced while pawdex was running.',
      hint: 'Put it back, or restart pawdex to use the directory that is there now.',
    });
  };
}

function migrate(db: Db): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length) {
    throw new PawdexError('data_dir_newer', {
      detail: `The data directory has format ${version}; this version supports formats up to ${MIGRATIONS.length}.`,
    });
  }
  // Write nothing unless necessary, so that data on a full disk can still be read.
  if (version === MIGRATIONS.length) {
    return;
  }
  const applyMissing = () => {
    db.exec(MIGRATIONS.slice(version).join('\n'));
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  };
  try {
    if (version > 0) {
      copyBeforeMigration(db, version);
    }
    db.transaction(applyMissing)();
  } catch (error) {
    if (version === 0 || !isFull(error)) {
      throw error;
    }
    // The disk is full. Let everything be read from a migration that stays in memory and is never committed.
    db.pragma('cache_spill = OFF');
    db.exec('BEGIN');
    applyMissing();
    db.pragma('query_only = ON');
  }
}

/** Keeps a copy of the database next to the migrated one, so that users can return to the earlier version. */
function copyBeforeMigration(db: Db, version: number): void {
  const copy = `${db.name}.format-${version}`;
  if (existsSync(copy)) {
    return;
  }
  const temporary = copy + TEMPORARY_SUFFIX;
  try {
    copyDatabase(db, temporary);
    renameSync(temporary, copy);
    syncFolder(path.dirname(copy));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Copies a database to a private file. */
export function copyDatabase(db: Db, file: string): void {
  rmSync(file, { force: true });
  createPrivateFile(file);
  db.prepare('VACUUM INTO ?').run(file);
}

/** Flushes the names of the files in a folder to the disk. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** @throws PawdexError storage_failed if a folder is not a data directory */
export function requireDatabase(dataDir: string): void {
  if (!existsSync(path.join(dataDir, DATABASE_FILE))) {
    throw new PawdexError('storage_failed', {
      detail: `There is no ${DATABASE_FILE} in ${dataDir}.`,
      hint: 'Use another --data-dir.',
    });
  }
}

/**
 * Returns the space of deleted items to the file system.
 *
 * @returns size of the database before and after, in bytes
 * @throws PawdexError data_dir_locked, data_damaged, storage_full, storage_failed
 */
export function compactDirectory(dataDir: string): { before: number; after: number } {
  requireDatabase(dataDir);
  const opened = openDatabase(dataDir);
  try {
    const { db } = opened;
    createWriteCheck(db)();
    const before = statSync(db.name).size;
    db.exec('VACUUM');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return { before, after: statSync(db.name).size };
  } catch (error) {
    throw toStorageError(error);
  } finally {
    opened.close();
  }
}
