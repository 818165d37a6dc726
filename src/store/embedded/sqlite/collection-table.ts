/** The table of collections. Deleting one is immediate; its items are then removed in many small steps. */
import type { CollectionPatch, CollectionSpec } from '../../store.js';
import type { ItemTable } from './item-table.js';
import type { Ledger } from './ledger.js';
import type { Db } from './sqlite.js';

/** A collection as a row of the database. */
export interface CollectionRow {
  id: number;
  name: string;
  dimension: number;
  fingerprint: string;
  model: string;
  description: string | null;
  gallery: string | null;
  calibration: string | null;
  created_at: string;
}

/** Items of a deleted collection that are removed per transaction. */
const DROP_STEP = 256;

function prepareStatements(db: Db) {
  return {
    all: db.prepare<[], CollectionRow>('SELECT * FROM collections ORDER BY name'),
    find: db.prepare<[string], CollectionRow>('SELECT * FROM collections WHERE name = ?'),
    insert: db.prepare(
      `INSERT INTO collections (name, dimension, fingerprint, model, description, created_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    update: db.prepare('UPDATE collections SET description = ?, gallery = ?, calibration = ? WHERE id = ?'),
    remove: db.prepare('DELETE FROM collections WHERE id = ?'),
    noteDropped: db.prepare('INSERT INTO dropped_collections (id) VALUES (?)'),
    dropped: db.prepare<[], number>('SELECT id FROM dropped_collections LIMIT 1').pluck(),
    forgetDropped: db.prepare('DELETE FROM dropped_collections WHERE id = ?'),
  };
}

export class CollectionTable {
  readonly #db: Db;
  readonly #items: ItemTable;
  readonly #ledger: Ledger;
  readonly #run: ReturnType<typeof prepareStatements>;

  constructor(db: Db, ledger: Ledger, items: ItemTable) {
    this.#db = db;
    this.#items = items;
    this.#ledger = ledger;
    this.#run = prepareStatements(db);
  }

  list(): CollectionRow[] {
    return this.#run.all.all();
  }

  /** @returns null if the name is taken */
  create(spec: CollectionSpec): CollectionRow | null {
    if (this.#run.find.get(spec.name) !== undefined) {
      return null;
    }
    const { name, dimension, fingerprint, model } = spec;
    return this.#db.transaction(() => {
      const now = new Date().toISOString();
      this.#run.insert.run(name, dimension, fingerprint, model, spec.description ?? null, now);
      const row = this.#run.find.get(name)!;
      this.#ledger.open(row.id);
      this.#ledger.recordChange();
      return row;
    })();
  }

  update(row: CollectionRow, patch: CollectionPatch): CollectionRow {
    const { description, gallery, calibration } = patch;
    const next: CollectionRow = {
      ...row,
      description: description === undefined ? row.description : description || null,
      gallery: gallery === undefined ? row.gallery : gallery,
      calibration: calibration === undefined ? row.calibration : JSON.stringify(calibration),
    };
    if (calibration === null) {
      next.calibration = null;
    }
    this.#db.transaction(() => {
      this.#run.update.run(next.description, next.gallery, next.calibration, row.id);
      this.#ledger.recordChange();
    })();
    return next;
  }

  /** Deletes a collection at once; {@link clear} removes its items. */
  drop(id: number): void {
    this.#db.transaction(() => {
      this.#run.remove.run(id);
      this.#run.noteDropped.run(id);
      this.#ledger.close(id);
      this.#ledger.recordChange();
    })();
  }

  /** Removes some items of deleted collections. @returns whether there are more */
  clear(): boolean {
    const id = this.#run.dropped.get();
    if (id === undefined) {
      return false;
    }
    this.#db.transaction(() => {
      if (this.#items.clear(id, DROP_STEP) < DROP_STEP) {
        this.#run.forgetDropped.run(id);
      }
    })();
    return true;
  }
}
