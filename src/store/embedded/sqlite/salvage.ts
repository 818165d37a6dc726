/**
 * Salvages a damaged database: copies every row that can still be read completely into a new one, and keeps the damaged
 * file beside it.
 */
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { asPawdexError } from '../../../errors.js';
import type { CollectionRow } from './collection-row.js';
import { findDamagedCollections } from './damaged-rows.js';
import { DATABASE_FILE, openDatabase, openDatabaseFile } from './database.js';
import { lockDirectory } from './directory-lock.js';
import { checkDatabase, compareCounts, compareWithLastKnown } from './integrity-check.js';
import { ItemImages } from './item-images.js';
import type { ItemRow } from './item-row.js';
import { LEDGER_FILE, Ledger } from './ledger.js';
import { hasValidChecksum, listItemColumns } from './row-checksums.js';
import Database, { type Db } from './sqlite.js';
import { unpackVector } from './stored-vector.js';

/** How far beyond the last known sequence number to look, since that number may be damaged, too. */
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
    const aside = `${file}.salvaged`;
    for (const part of PARTS) {
      rmSync(aside + part, { force: true });
    }
    const kept = copyRows(file, aside);
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
    renameSync(aside, file);
    // The recorded state no longer applies, and graphs are rebuilt from the rows.
    rmSync(path.join(dataDir, LEDGER_FILE), { force: true });
    rmSync(path.join(dataDir, 'graphs'), { recursive: true, force: true });
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

/** Copies every readable row. @returns the number of items */
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

type Settings = Pick<CollectionRow, 'vector_sign' | 'originals'>;

class RowCopier {
  readonly #source: Db;
  readonly #target: Db;

  constructor(source: Db, target: Db) {
    this.#source = source;
    this.#target = target;
  }

  run(): number {
    const ids = listNumbers(
      1,
      this.#last("SELECT seq FROM sqlite_sequence WHERE name = 'collections'") + MARGIN,
    );
    const collections = new Map<number, CollectionRow>();
    const find = this.#source.prepare<[number], CollectionRow>('SELECT * FROM collections WHERE id = ?');
    // An older database has no such tables.
    const settings = attempt(() =>
      this.#source.prepare<[number], Settings>(
        'SELECT vector_sign, originals FROM collection_settings WHERE collection = ?',
      ),
    );
    const keep = this.#target.prepare(
      'INSERT INTO collection_settings (collection, originals) VALUES (?, ?)',
    );
    const insert = this.#target.prepare(
      `INSERT INTO collections (id, name, dimension, fingerprint, model, description, gallery, calibration, created_at)
       VALUES (@id, @name, @dimension, @fingerprint, @model, @description, @gallery, @calibration, @created_at)`,
    );
    const damaged = attempt(() => findDamagedCollections(this.#source)) ?? [];
    for (const id of ids) {
      const row = attempt(() => find.get(id));
      // Drop a calibration that may be damaged, since it can be fitted again.
      const calibration = damaged.some((each) => each.id === id) ? null : row?.calibration;
      if (row === null || attempt(() => insert.run({ ...row, calibration })) === null) {
        continue;
      }
      const own = attempt(() => settings?.get(id)) ?? { vector_sign: 1, originals: 'off' };
      collections.set(id, { ...row, ...own });
      keep.run(id, own.originals);
    }
    this.#copyAliases();
    const copied = this.#copyItems(collections);
    const ledger = new Ledger(this.#target);
    for (const [id, items] of copied) {
      ledger.open(id, items);
    }
    return [...copied.values()].reduce((sum, items) => sum + items, 0);
  }

  #copyAliases(): void {
    const insert = this.#target.prepare('INSERT INTO aliases (name, collection) VALUES (?, ?)');
    const aliases = attempt(() =>
      this.#source.prepare<[], [string, number]>('SELECT name, collection FROM aliases').raw().all(),
    );
    for (const alias of aliases ?? []) {
      insert.run(alias);
    }
  }

  #copyItems(collections: Map<number, CollectionRow>): Map<number, number> {
    const read = this.#readers();
    const write = this.#writers();
    const copied = new Map([...collections.keys()].map((id) => [id, 0]));
    const last = Math.max(
      this.#last("SELECT seq FROM sqlite_sequence WHERE name = 'items'"),
      this.#last('SELECT max(seq) FROM items'),
      this.#last('SELECT max(seq) FROM vectors'),
    );
    const copyOne = (seq: number) => {
      const row = attempt(() => read.item.get(seq));
      const collection = row === null ? undefined : collections.get(row.collection);
      if (row === null || collection === undefined) {
        return;
      }
      const vector = attempt(() => read.vector.get(collection.vector_sign * seq));
      if (vector === null || unpackVector(vector, collection.dimension, row) === null) {
        return;
      }
      if (!hasValidChecksum(row) || attempt(() => JSON.parse(row.metadata)) === null) {
        return;
      }
      const image = row.has_thumbnail === 1 ? attempt(() => read.thumbnails?.read(row)) : null;
      if (attempt(() => write.item.run({ ...row, has_thumbnail: image === null ? 0 : 1 })) === null) {
        return;
      }
      write.vector.run(seq, vector);
      if (image !== null) {
        write.thumbnails.add(seq, image);
      }
      const original = attempt(() => read.originals?.read(row));
      if (original !== null) {
        write.originals.add(seq, original);
      }
      copied.set(row.collection, copied.get(row.collection)! + 1);
    };
    for (let from = 1; from <= last + MARGIN; from += STEP) {
      this.#target.transaction(() => listNumbers(from, from + STEP - 1).forEach(copyOne))();
    }
    return copied;
  }

  #readers() {
    const db = this.#source;
    return {
      item: db.prepare<[number], ItemRow & { collection: number }>(
        `SELECT ${listItemColumns(db)}, collection FROM items WHERE seq = ?`,
      ),
      vector: db.prepare<[number], Uint8Array>('SELECT vector FROM vectors WHERE seq = ?').pluck(),
      thumbnails: attempt(() => new ItemImages(db, 'thumbnails')),
      originals: attempt(() => new ItemImages(db, 'originals')),
    };
  }

  #writers() {
    const db = this.#target;
    return {
      item: db.prepare(
        `INSERT INTO items (seq, collection, id, sha256, label, source, size, metadata, has_thumbnail, created_at)
         VALUES (@seq, @collection, @id, @sha256, @label, @source, @size, @metadata, @has_thumbnail, @created_at)`,
      ),
      vector: db.prepare('INSERT INTO vectors (seq, vector) VALUES (?, ?)'),
      thumbnails: new ItemImages(db, 'thumbnails'),
      originals: new ItemImages(db, 'originals'),
    };
  }

  #last(sql: string): number {
    return attempt(() => this.#source.prepare<[], number | null>(sql).pluck().get()) ?? 0;
  }
}

/** Reads or writes one row. @returns null if that fails, or if there is no such row */
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
