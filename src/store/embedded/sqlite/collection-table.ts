/** The statements on collections, and the removal of deleted ones in many small steps. */
import type { CollectionPatch, CollectionSpec, Space } from '../../store.js';
import { type CollectionRow, SELECT_COLLECTIONS } from './collection-row.js';
import type { ItemTable } from './item-table.js';
import type { Ledger } from './ledger.js';
import { computeCollectionChecksum } from './row-checksums.js';
import type { Db } from './sqlite.js';

/** Items of a deleted collection to remove per transaction. */
const DROP_STEP = 256;

function prepareStatements(db: Db) {
  return {
    all: db.prepare<[], CollectionRow>(`${SELECT_COLLECTIONS} ORDER BY name`),
    find: db.prepare<[string], CollectionRow>(`${SELECT_COLLECTIONS} WHERE name = ?`),
    insert: db.prepare(
      `INSERT INTO collections (name, dimension, fingerprint, model, description, created_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    update: db.prepare(
      'UPDATE collections SET name = ?, description = ?, gallery = ?, calibration = ? WHERE id = ?',
    ),
    switchSpace: db.prepare(
      'UPDATE collections SET fingerprint = ?, dimension = ?, model = ?, calibration = NULL WHERE id = ?',
    ),
    setSettings: db.prepare(
      'INSERT OR REPLACE INTO collection_settings (collection, vector_sign, originals) VALUES (?, ?, ?)',
    ),
    removeSettings: db.prepare('DELETE FROM collection_settings WHERE collection = ?'),
    aliases: db
      .prepare<[number], string>('SELECT name FROM aliases WHERE collection = ? ORDER BY name')
      .pluck(),
    addAlias: db.prepare('INSERT OR REPLACE INTO aliases (name, collection) VALUES (?, ?)'),
    aliasOwner: db
      .prepare<[string], string>(
        'SELECT collections.name FROM aliases JOIN collections ON collections.id = collection WHERE aliases.name = ?',
      )
      .pluck(),
    removeAliases: db.prepare('DELETE FROM aliases WHERE collection = ?'),
    remove: db.prepare('DELETE FROM collections WHERE id = ?'),
    recordDropped: db.prepare('INSERT INTO dropped_collections (id) VALUES (?)'),
    // Never removes items of an existing collection, whatever this table says.
    dropped: db
      .prepare<[], number>(
        'SELECT id FROM dropped_collections WHERE id NOT IN (SELECT id FROM collections) LIMIT 1',
      )
      .pluck(),
    forgetDropped: db.prepare('DELETE FROM dropped_collections WHERE id = ?'),
    setChecksum: db.prepare<[number, number]>('UPDATE collections SET checksum = ? WHERE id = ?'),
  };
}

export class CollectionTable {
  readonly #db: Db;
  readonly #ledger: Ledger;
  readonly #items: ItemTable;
  readonly #run: ReturnType<typeof prepareStatements>;

  constructor(db: Db, ledger: Ledger, items: ItemTable) {
    this.#db = db;
    this.#ledger = ledger;
    this.#items = items;
    this.#run = prepareStatements(db);
  }

  list(): CollectionRow[] {
    return this.#run.all.all();
  }

  /** Creates a collection. Its name must be free. */
  create(spec: CollectionSpec): CollectionRow {
    const { name, dimension, fingerprint, model, originals = 'off' } = spec;
    return this.#db.transaction(() => {
      const now = new Date().toISOString();
      this.#run.insert.run(name, dimension, fingerprint, model, spec.description ?? null, now);
      const row = { ...this.#run.find.get(name)!, originals };
      if (originals !== 'off') {
        this.#setSettings(row);
      }
      this.#updateChecksum(name);
      this.#ledger.addCollection(row.id);
      this.#ledger.recordChange();
      return row;
    })();
  }

  /** Lists the aliases of a collection. */
  listAliases(id: number): string[] {
    return this.#run.aliases.all(id);
  }

  /** Changes a collection. Its name must be free, and its aliases must not be names of collections. */
  update(row: CollectionRow, patch: CollectionPatch): CollectionRow {
    const { name, description, gallery, calibration, originals, aliases } = patch;
    const next: CollectionRow = {
      ...row,
      name: name ?? row.name,
      description: description === undefined ? row.description : description || null,
      gallery: gallery === undefined ? row.gallery : gallery,
      calibration: calibration === undefined ? row.calibration : calibration && JSON.stringify(calibration),
      originals: originals ?? row.originals,
    };
    this.#db.transaction(() => {
      this.#run.update.run(next.name, next.description, next.gallery, next.calibration, row.id);
      if (originals !== undefined) {
        this.#setSettings(next);
      }
      if (aliases !== undefined) {
        this.#setAliases(row.id, aliases);
      }
      this.#updateChecksum(next.name);
      this.#ledger.recordChange();
    })();
    return next;
  }

  /** Sets all aliases of a collection. Aliases of other collections move. */
  #setAliases(id: number, aliases: string[]): void {
    this.#run.removeAliases.run(id);
    for (const alias of aliases) {
      const owner = this.#run.aliasOwner.get(alias);
      this.#run.addAlias.run(alias, id);
      if (owner !== undefined) {
        this.#updateChecksum(owner);
      }
    }
  }

  /** Switches a collection to the vectors stored under the negated numbers. Call it inside a transaction. */
  switchSpace(row: CollectionRow, { fingerprint, dimension, model }: Space): CollectionRow {
    const next = { ...row, fingerprint, dimension, model, calibration: null, vector_sign: -row.vector_sign };
    this.#run.switchSpace.run(fingerprint, dimension, model, row.id);
    this.#setSettings(next);
    this.#updateChecksum(next.name);
    this.#ledger.recordChange();
    return next;
  }

  /** Updates the checksum of a collection, in the transaction that changes it. */
  #updateChecksum(name: string): void {
    const row = this.#run.find.get(name)!;
    this.#run.setChecksum.run(computeCollectionChecksum(row, this.listAliases(row.id)), row.id);
  }

  /** Adds checksums to the collections of an older format. */
  addMissingChecksums(): void {
    const older = this.list().filter(({ checksum }) => checksum === null);
    if (older.length > 0) {
      this.#db.transaction(() => {
        for (const row of older) {
          this.#updateChecksum(row.name);
        }
      })();
    }
  }

  #setSettings({ id, vector_sign, originals }: CollectionRow): void {
    this.#run.setSettings.run(id, vector_sign, originals);
  }

  /** Deletes a collection. {@link removeDroppedItems} removes its items later. */
  drop(id: number): void {
    this.#db.transaction(() => {
      this.#run.remove.run(id);
      this.#run.removeSettings.run(id);
      this.#run.removeAliases.run(id);
      this.#run.recordDropped.run(id);
      this.#ledger.removeCollection(id);
      this.#ledger.recordChange();
    })();
  }

  /** Removes some items of deleted collections. Returns whether there are more. */
  removeDroppedItems(): boolean {
    const id = this.#run.dropped.get();
    if (id === undefined) {
      return false;
    }
    this.#db.transaction(() => {
      if (this.#items.removeDropped(id, DROP_STEP) < DROP_STEP) {
        this.#run.forgetDropped.run(id);
      }
    })();
    return true;
  }
}
