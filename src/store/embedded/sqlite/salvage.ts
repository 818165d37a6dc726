/**
 * Salvages a damaged database: copies every row that can still be read completely into a new one, and keeps the damaged
 * file next to it.
 */
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { asPawdexError } from '../../../errors.js';
import type { CollectionRow } from './collection-row.js';
import { findDamagedCollections, listItemColumns } from './damaged-rows.js';
import { openDatabase, openDatabaseFile } from './database.js';
import { lockDirectory } from './directory-lock.js';
import { DATABASE_FILE, GRAPH_FOLDER, LEDGER_FILE } from './file-names.js';
import { checkDatabase, compareCounts, compareWithLastKnown } from './integrity-check.js';
import { ItemImages } from './item-images.js';
import type { ItemRow } from './item-row.js';
import { Ledger } from './ledger.js';
import { hasValidChecksum, type ImageRow, isImageIntact } from './row-checksums.js';
import Database, { type Db } from './sqlite.js';
import { unpackVector } from './stored-vector.js';

/** How far beyond the last known sequence number to look, since that number may be damaged as well. */
const MARGIN = 10_000;
/** Rows copied per transaction. */
const STEP = 1000;

/** Suffixes of the files that make up a database. */
const PARTS = ['', '-wal', '-shm'];

/**
 * Makes a damaged data directory usable again, and leaves an intact one alone.
 *
 * @returns what was done, in sentences; empty if nothing is damaged
 * @throws PawdexError data_dir_locked, storage_full, storage_failed
 */
export function salvage(dataDir: string): string[] {
  const file = path.join(dataDir, DATABASE_FILE);
  const problems = findDamage(dataDir);
  if (problems.length === 0) {
    return [];
  }
  const release = lockDirectory(dataDir);
  try {
    const temporary = `${file}.salvaged`;
    for (const part of PARTS) {
      rmSync(temporary + part, { force: true });
    }
    const kept = copyRows(file, temporary);
    const damaged = `${file}.damaged-${new Date().toISOString().replaceAll(/\W/g, '')}`;
    // There is a database at every moment: a process that dies here leaves it as damaged as before.
    if (existsSync(file)) {
      linkSync(file, damaged);
    }
    for (const part of PARTS.slice(1)) {
      if (existsSync(file + part)) {
        renameSync(file + part, damaged + part);
      }
    }
    renameSync(temporary, file);
    // The recorded state no longer applies, and graphs are rebuilt from the rows.
    rmSync(path.join(dataDir, LEDGER_FILE), { force: true });
    rmSync(path.join(dataDir, GRAPH_FOLDER), { recursive: true, force: true });
    const where = existsSync(damaged) ? `; the damaged database is ${path.basename(damaged)}` : '';
    return [`${problems.join(' ')} ${kept} items were kept${where}.`];
  } finally {
    release?.();
  }
}

function findDamage(dataDir: string): string[] {
  let opened: ReturnType<typeof openDatabase>;
  try {
    opened = openDatabase(dataDir);
  } catch (error) {
    const coded = asPawdexError(error);
    if (coded.code !== 'data_damaged') {
      throw error;
    }
    return [coded.message];
  }
  try {
    const { db } = opened;
    const ledger = new Ledger(db);
    const { findings } = compareWithLastKnown(db, ledger);
    return [...findings, ...compareCounts(db, ledger), ...checkDatabase(db, 'full')];
  } catch (error) {
    return [`The database is damaged (${(error as Error).message}).`];
  } finally {
    opened.close();
  }
}

/** Copies every readable row. Returns the number of items. */
function copyRows(from: string, to: string): number {
  const target = openDatabaseFile(to, false);
  const source = openDamaged(from);
  try {
    return source === null ? 0 : new RowCopier(source, target.db).run();
  } finally {
    source?.close();
    target.db.close();
  }
}

function openDamaged(file: string): Db | null {
  try {
    const db = new Database(file, { fileMustExist: true });
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    return db;
  } catch {
    return null; // Even the list of tables cannot be read.
  }
}

function prepareReads(db: Db) {
  return {
    collection: db.prepare<[number], CollectionRow>('SELECT * FROM collections WHERE id = ?'),
    // An older database lacks some of these tables.
    settings: attempt(() =>
      db.prepare<[number], Pick<CollectionRow, 'vector_sign' | 'originals'>>(
        'SELECT vector_sign, originals FROM collection_settings WHERE collection = ?',
      ),
    ),
    aliases: attempt(() => db.prepare<[], [string, number]>('SELECT name, collection FROM aliases').raw()),
    item: db.prepare<[number], ItemRow & { collection: number }>(
      `SELECT ${listItemColumns(db)}, collection FROM items WHERE seq = ?`,
    ),
    vector: db.prepare<[number], Uint8Array>('SELECT vector FROM vectors WHERE seq = ?').pluck(),
    thumbnail: attempt(() => preparePicture(db, 'thumbnails')),
    original: attempt(() => preparePicture(db, 'originals')),
  };
}

/** Prepares to read pictures, which have no checksum in an older database. */
function preparePicture(db: Db, table: 'thumbnails' | 'originals') {
  const find = db.prepare<[number], ImageRow>(`SELECT * FROM ${table} WHERE seq = ?`);
  return (seq: number) => {
    const row = find.get(seq);
    return row !== undefined && isImageIntact(seq, row) ? row.image : undefined;
  };
}

function prepareWrites(db: Db) {
  return {
    collection: db.prepare(
      `INSERT INTO collections (id, name, dimension, fingerprint, model, description, gallery, calibration, created_at)
       VALUES (@id, @name, @dimension, @fingerprint, @model, @description, @gallery, @calibration, @created_at)`,
    ),
    settings: db.prepare('INSERT INTO collection_settings (collection, originals) VALUES (?, ?)'),
    alias: db.prepare('INSERT INTO aliases (name, collection) VALUES (?, ?)'),
    item: db.prepare(
      `INSERT INTO items (seq, collection, id, sha256, label, source, size, metadata, has_thumbnail, created_at)
       VALUES (@seq, @collection, @id, @sha256, @label, @source, @size, @metadata, @has_thumbnail, @created_at)`,
    ),
    vector: db.prepare('INSERT INTO vectors (seq, vector) VALUES (?, ?)'),
    thumbnails: new ItemImages(db, 'thumbnails'),
    originals: new ItemImages(db, 'originals'),
  };
}

class RowCopier {
  readonly #source: Db;
  readonly #target: Db;
  readonly #read: ReturnType<typeof prepareReads>;
  readonly #write: ReturnType<typeof prepareWrites>;

  constructor(source: Db, target: Db) {
    this.#source = source;
    this.#target = target;
    this.#read = prepareReads(source);
    this.#write = prepareWrites(target);
  }

  /** Copies everything. Returns the number of items. */
  run(): number {
    const collections = this.#copyCollections();
    for (const alias of attempt(() => this.#read.aliases?.all()) ?? []) {
      this.#write.alias.run(alias);
    }
    const counts = this.#copyItems(collections);
    const ledger = new Ledger(this.#target);
    for (const [id, items] of counts) {
      ledger.addCollection(id, items);
    }
    return [...counts.values()].reduce((sum, items) => sum + items, 0);
  }

  /** Returns the copied collections by id. */
  #copyCollections(): Map<number, CollectionRow> {
    const damaged = attempt(() => findDamagedCollections(this.#source)) ?? [];
    const last = this.#readNumber("SELECT seq FROM sqlite_sequence WHERE name = 'collections'");
    const copied = new Map<number, CollectionRow>();
    for (const id of listNumbers(1, last + MARGIN)) {
      const isDamaged = damaged.some((collection) => collection.id === id);
      const row = this.#copyCollection(id, isDamaged);
      if (row !== null) {
        copied.set(id, row);
      }
    }
    return copied;
  }

  #copyCollection(id: number, isDamaged: boolean): CollectionRow | null {
    const row = attempt(() => this.#read.collection.get(id));
    // A calibration that may be damaged is dropped, since it can be fitted again.
    const copy = row && { ...row, calibration: isDamaged ? null : row.calibration };
    if (copy === null || attempt(() => this.#write.collection.run(copy)) === null) {
      return null;
    }
    const settings = attempt(() => this.#read.settings?.get(id)) ?? { vector_sign: 1, originals: 'off' };
    this.#write.settings.run(id, settings.originals);
    return { ...copy, ...settings };
  }

  /** Returns the number of copied items by the id of their collection. */
  #copyItems(collections: ReadonlyMap<number, CollectionRow>): Map<number, number> {
    const counts = new Map(Array.from(collections.keys(), (id) => [id, 0]));
    const last = Math.max(
      this.#readNumber("SELECT seq FROM sqlite_sequence WHERE name = 'items'"),
      this.#readNumber('SELECT max(seq) FROM items'),
      this.#readNumber('SELECT max(seq) FROM vectors'),
    );
    const copyRange = this.#target.transaction((from: number) => {
      for (const seq of listNumbers(from, from + STEP - 1)) {
        const collection = this.#copyItem(seq, collections);
        if (collection !== null) {
          counts.set(collection, counts.get(collection)! + 1);
        }
      }
    });
    for (let from = 1; from <= last + MARGIN; from += STEP) {
      copyRange(from);
    }
    return counts;
  }

  /** Copies an item if all of it but its pictures is undamaged. Returns the id of its collection, or null. */
  #copyItem(seq: number, collections: ReadonlyMap<number, CollectionRow>): number | null {
    const row = attempt(() => this.#read.item.get(seq));
    const collection = row && collections.get(row.collection);
    if (!row || !collection) {
      return null;
    }
    const vector = attempt(() => this.#read.vector.get(collection.vector_sign * seq));
    if (vector === null || unpackVector(vector, collection.dimension, row) === null) {
      return null;
    }
    if (!hasValidChecksum(row) || attempt(() => JSON.parse(row.metadata)) === null) {
      return null;
    }
    const thumbnail = row.has_thumbnail === 1 ? attempt(() => this.#read.thumbnail?.(seq)) : null;
    const copy = { ...row, has_thumbnail: thumbnail === null ? 0 : 1 };
    // Another item may have the same id, because one of them is damaged.
    if (attempt(() => this.#write.item.run(copy)) === null) {
      return null;
    }
    this.#write.vector.run(seq, vector);
    if (thumbnail !== null) {
      this.#write.thumbnails.add(seq, thumbnail);
    }
    const original = attempt(() => this.#read.original?.(seq));
    if (original !== null) {
      this.#write.originals.add(seq, original);
    }
    return row.collection;
  }

  #readNumber(sql: string): number {
    return attempt(() => this.#source.prepare<[], number | null>(sql).pluck().get()) ?? 0;
  }
}

/** Reads or writes one row. Returns null if that fails, or if there is no such row. */
function attempt<T>(work: () => T | undefined): T | null {
  try {
    return work() ?? null;
  } catch (error) {
    if (/^SQLITE_(FULL|IOERR)/.test(String((error as { code?: unknown }).code))) {
      throw error;
    }
    return null;
  }
}

const listNumbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
