/**
 * The statements on vectors that will replace those of a collection. They are stored in the same table under the negated
 * numbers of their items, so that the collection switches to them by changing one sign in one row.
 */
import type { Reembedding, Space } from '../../store.js';
import type { CollectionRow } from './collection-row.js';
import type { CollectionTable } from './collection-table.js';
import { ITEM_COLUMNS, type ItemRow } from './item-row.js';
import type { Ledger } from './ledger.js';
import { computeReembeddingChecksum, requireValidChecksum } from './row-checksums.js';
import type { Db } from './sqlite.js';
import { type Identity, packVector } from './stored-vector.js';

/** Unused vectors to remove per transaction. */
const DROP_STEP = 256;

interface ReembeddingRow extends Space {
  collection: number;
  started_at: string;
  /** See row-checksums.ts; null if none was stored. */
  checksum: number | null;
}

function prepareStatements(db: Db) {
  return {
    find: db.prepare<[number], ReembeddingRow>('SELECT * FROM reembeddings WHERE collection = ?'),
    insert: db.prepare(
      `INSERT OR REPLACE INTO reembeddings (collection, fingerprint, dimension, model, started_at, checksum)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    remove: db.prepare('DELETE FROM reembeddings WHERE collection = ?'),
    itemsAfter: db.prepare<[number, number, number, number], ItemRow & { has_successor: number }>(
      `SELECT ${ITEM_COLUMNS},
         EXISTS (SELECT 1 FROM vectors WHERE vectors.seq = ? * items.seq) AS has_successor
       FROM items WHERE collection = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    putVector: db.prepare('INSERT OR REPLACE INTO vectors (seq, vector) VALUES (?, ?)'),
    recordDropped: db.prepare('INSERT OR REPLACE INTO dropped_vectors (collection, after) VALUES (?, 0)'),
    dropped: db.prepare<[], { id: number; after: number; vector_sign: number | null }>(
      `SELECT dropped_vectors.collection AS id, after, iif(collections.id IS NULL, NULL, coalesce(vector_sign, 1)) AS vector_sign
       FROM dropped_vectors LEFT JOIN collections ON collections.id = dropped_vectors.collection
       LEFT JOIN collection_settings ON collection_settings.collection = collections.id LIMIT 1`,
    ),
    isDropping: db.prepare<[number], number>('SELECT 1 FROM dropped_vectors WHERE collection = ?').pluck(),
    dropAfter: db.prepare('UPDATE dropped_vectors SET after = ? WHERE collection = ?'),
    forgetDropped: db.prepare('DELETE FROM dropped_vectors WHERE collection = ?'),
    seqsAfter: db
      .prepare<[number, number, number], number>(
        'SELECT seq FROM items WHERE collection = ? AND seq > ? ORDER BY seq LIMIT ?',
      )
      .pluck(),
    removeVector: db.prepare('DELETE FROM vectors WHERE seq = ?'),
  };
}

export class ReembeddingTable {
  readonly #db: Db;
  readonly #ledger: Ledger;
  readonly #collections: CollectionTable;
  readonly #run: ReturnType<typeof prepareStatements>;

  constructor(db: Db, ledger: Ledger, collections: CollectionTable) {
    this.#db = db;
    this.#ledger = ledger;
    this.#collections = collections;
    this.#run = prepareStatements(db);
  }

  /**
   * Returns the re-embedding of a collection in progress, or null. A damaged one is cancelled, because its vectors may be
   * of any space.
   *
   * @param onDamage called in that case
   */
  find(collection: number, onDamage: () => void): Reembedding | null {
    const row = this.#run.find.get(collection);
    if (row === undefined) {
      return null;
    }
    const { fingerprint, dimension, model, started_at: startedAt, checksum } = row;
    const reembedding = { fingerprint, dimension, model, startedAt };
    if (checksum !== null && checksum !== computeReembeddingChecksum(collection, reembedding)) {
      this.cancel(collection);
      onDamage();
      return null;
    }
    return reembedding;
  }

  begin(collection: number, { fingerprint, dimension, model }: Space): Reembedding {
    const reembedding = { fingerprint, dimension, model, startedAt: new Date().toISOString() };
    this.#db.transaction(() => {
      const checksum = computeReembeddingChecksum(collection, reembedding);
      this.#run.insert.run(collection, fingerprint, dimension, model, reembedding.startedAt, checksum);
      this.#ledger.recordChange();
    })();
    return reembedding;
  }

  /** Ends a re-embedding. {@link removeUnusedVectors} removes its vectors later. */
  cancel(collection: number): void {
    this.#db.transaction(() => {
      this.#run.remove.run(collection);
      this.#run.recordDropped.run(collection);
      this.#ledger.recordChange();
    })();
  }

  /** Whether vectors under the negated numbers still have to be removed. */
  isDropping(collection: number): boolean {
    return this.#run.isDropping.get(collection) !== undefined;
  }

  /** Reads the next `limit` items, including those that already have a vector in the new space. */
  readItems({ id, vector_sign }: CollectionRow, after: number, limit: number) {
    return this.#run.itemsAfter.all(-vector_sign, id, after, limit).map(requireValidChecksum);
  }

  /** Stores vectors in one transaction. */
  put(
    { vector_sign }: CollectionRow,
    vectors: { row: Identity & { seq: number }; vector: Float32Array }[],
  ): void {
    this.#db.transaction(() => {
      for (const { row, vector } of vectors) {
        this.#run.putVector.run(-vector_sign * row.seq, packVector(vector, row));
      }
      this.#ledger.recordChange();
    })();
  }

  /** Switches a collection to its new vectors. {@link removeUnusedVectors} removes the old ones later. */
  swap(row: CollectionRow, space: Space): CollectionRow {
    return this.#db.transaction(() => {
      this.#run.remove.run(row.id);
      this.#run.recordDropped.run(row.id);
      return this.#collections.switchSpace(row, space);
    })();
  }

  /** Removes a few unused vectors. Returns whether there are more. */
  removeUnusedVectors(): boolean {
    const dropped = this.#run.dropped.get();
    if (dropped === undefined) {
      return false;
    }
    const { id, after, vector_sign: sign } = dropped;
    this.#db.transaction(() => {
      // If the collection was deleted, all its vectors are unused.
      const seqs = sign === null ? [] : this.#run.seqsAfter.all(id, after, DROP_STEP);
      for (const seq of seqs) {
        this.#run.removeVector.run(-sign! * seq);
      }
      if (seqs.length < DROP_STEP) {
        this.#run.forgetDropped.run(id);
      } else {
        this.#run.dropAfter.run(seqs.at(-1)!, id);
      }
    })();
    return true;
  }
}
