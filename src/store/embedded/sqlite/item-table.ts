/** The table of items, with their vectors and thumbnails. Every method is synchronous. */
import type { BulkPatch, Filter, NewItem, PutResult } from '../../store.js';
import { type FilterCondition, toCondition } from './filter-condition.js';
import { ITEM_COLUMNS, ItemQueries, type Owner } from './item-queries.js';
import { type ItemRow, patchMetadata } from './item-row.js';
import { ItemValues } from './item-values.js';
import type { Ledger } from './ledger.js';
import type { Db } from './sqlite.js';
import { packVector, unpackVector } from './stored-vector.js';

function prepareStatements(db: Db) {
  return {
    byId: db.prepare<[number, string], ItemRow>(
      `SELECT ${ITEM_COLUMNS} FROM items WHERE collection = ? AND id = ?`,
    ),
    bySha256: db.prepare<[number, string], { id: string; label: string | null }>(
      'SELECT id, label FROM items WHERE collection = ? AND sha256 = ?',
    ),
    bySeq: db.prepare<[number], ItemRow>(`SELECT ${ITEM_COLUMNS} FROM items WHERE seq = ?`),
    insert: db.prepare(
      `INSERT INTO items (collection, id, sha256, label, source, size, metadata, has_thumbnail, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    insertVector: db.prepare('INSERT INTO vectors (seq, vector) VALUES (?, ?)'),
    insertOriginal: db.prepare('INSERT INTO originals (seq, image) VALUES (?, ?)'),
    insertThumbnail: db.prepare('INSERT INTO thumbnails (seq, image) VALUES (?, ?)'),
    vector: db.prepare<[number], Uint8Array>('SELECT vector FROM vectors WHERE seq = ?').pluck(),
    original: db.prepare<[number], Uint8Array>('SELECT image FROM originals WHERE seq = ?').pluck(),
    thumbnail: db.prepare<[number], Uint8Array>('SELECT image FROM thumbnails WHERE seq = ?').pluck(),
    update: db.prepare('UPDATE items SET label = ?, source = ?, metadata = ? WHERE seq = ?'),
    seqOf: db
      .prepare<[number, string], number>('SELECT seq FROM items WHERE collection = ? AND id = ?')
      .pluck(),
    remove: db
      .prepare<[number, number], string>(
        'DELETE FROM items WHERE collection = ? AND seq = ? RETURNING metadata',
      )
      .pluck(),
    removeVectors: db.prepare('DELETE FROM vectors WHERE seq IN (?, ?)'),
    removeOriginal: db.prepare('DELETE FROM originals WHERE seq = ?'),
    markThumbnail: db.prepare('UPDATE items SET has_thumbnail = 1 WHERE seq = ?'),
    removeThumbnail: db.prepare('DELETE FROM thumbnails WHERE seq = ?'),
  };
}

export class ItemTable extends ItemQueries {
  readonly #db: Db;
  readonly #ledger: Ledger;
  readonly #run: ReturnType<typeof prepareStatements>;
  /** Index of metadata values, for filters. */
  readonly values: ItemValues;

  constructor(db: Db, ledger: Ledger) {
    super(db);
    this.#db = db;
    this.#ledger = ledger;
    this.values = new ItemValues(db);
    this.#run = prepareStatements(db);
  }

  /** Inserts items whose id and content are not known; call it inside a transaction. */
  insert({ id, vector_sign }: Owner, items: readonly NewItem[], now: string): Inserted[] {
    const results = items.map((item) => this.#insertOne(id, vector_sign, item, now));
    const created = results.filter(({ seq }) => seq !== null).length;
    if (created > 0) {
      this.#ledger.recordChange(id, created);
    }
    return results;
  }

  #insertOne(collection: number, sign: number, item: NewItem, now: string): Inserted {
    const { id, sha256, label, source, size } = item;
    const metadata = JSON.stringify(item.metadata);
    const thumbnail = item.thumbnail === null ? 0 : 1;
    const inserted = this.#run.insert.run(
      collection,
      id,
      sha256,
      label,
      source,
      size,
      metadata,
      thumbnail,
      now,
    );
    if (inserted.changes === 0) {
      const known = this.#run.byId.get(collection, id) ?? this.#run.bySha256.get(collection, sha256)!;
      return { id: known.id, status: 'exists', label: known.label, seq: null };
    }
    const seq = Number(inserted.lastInsertRowid);
    this.#run.insertVector.run(sign * seq, packVector(item.vector, item));
    if (item.next !== undefined) {
      this.#run.insertVector.run(-sign * seq, packVector(item.next.vector, item));
    }
    if (item.original) {
      this.#run.insertOriginal.run(seq, item.original);
    }
    if (item.thumbnail !== null) {
      this.#run.insertThumbnail.run(seq, item.thumbnail);
    }
    this.values.add(collection, seq, item.metadata, metadata);
    return { id, status: 'created', label, seq };
  }

  find(collection: number, id: string): ItemRow | undefined {
    return this.#run.byId.get(collection, id);
  }

  findBySeq(seq: number): ItemRow | undefined {
    return this.#run.bySeq.get(seq);
  }

  findBySha256(collection: number, sha256: string): { id: string; label: string | null } | undefined {
    return this.#run.bySha256.get(collection, sha256);
  }

  /** The vector of a row; null when there is none, or not as it was stored. */
  readVector(row: ItemRow, { dimension, vector_sign }: Owner): Float32Array | null {
    const blob = this.#run.vector.get(vector_sign * row.seq);
    return blob === undefined ? null : (unpackVector(blob, dimension, row)?.slice() ?? null);
  }

  readOriginal(seq: number): Uint8Array | undefined {
    return this.#run.original.get(seq);
  }

  readThumbnail(seq: number): Uint8Array | undefined {
    return this.#run.thumbnail.get(seq);
  }

  /** Finds the sequence numbers of the ids that exist. */
  findSeqs(collection: number, ids: readonly string[]): number[] {
    return ids.flatMap((id) => this.#run.seqOf.all(collection, id));
  }

  /** Stores thumbnails of items that have none, in one transaction. @returns their ids */
  attachThumbnails(
    collection: number,
    thumbnails: readonly { id: string; thumbnail: Uint8Array }[],
  ): string[] {
    return this.#db.transaction(() => {
      const attached = thumbnails.filter(({ id, thumbnail }) => {
        const row = this.find(collection, id);
        if (row === undefined || row.has_thumbnail === 1) {
          return false;
        }
        this.#run.insertThumbnail.run(row.seq, thumbnail);
        this.#run.markThumbnail.run(row.seq);
        return true;
      });
      if (attached.length > 0) {
        this.#ledger.recordChange();
      }
      return attached.map(({ id }) => id);
    })();
  }

  /** Changes rows in one transaction; skips rows that do not exist. @returns the changed rows */
  update(collection: number, seqs: readonly number[], patch: BulkPatch): ItemRow[] {
    return this.#db.transaction(() => {
      const rows = seqs.flatMap((seq) => {
        const row = this.findBySeq(seq);
        return row === undefined ? [] : [this.#updateOne(collection, row, patch)];
      });
      if (rows.length > 0) {
        this.#ledger.recordChange();
      }
      return rows;
    })();
  }

  #updateOne(collection: number, row: ItemRow, patch: BulkPatch): ItemRow {
    const next: ItemRow = {
      ...row,
      label: patch.label === undefined ? row.label : patch.label,
      source: patch.source === undefined ? row.source : patch.source,
      metadata: patchMetadata(row.metadata, patch),
    };
    this.#run.update.run(next.label, next.source, next.metadata, row.seq);
    if (next.metadata !== row.metadata) {
      this.values.remove(collection, row.seq, row.metadata);
      this.values.add(collection, row.seq, null, next.metadata);
    }
    return next;
  }

  /** Removes rows in one transaction. @returns the sequence numbers of those that existed */
  remove(collection: number, seqs: readonly number[]): number[] {
    return this.#db.transaction(() => {
      const removed = seqs.filter((seq) => this.#removeOne(collection, seq));
      if (removed.length > 0) {
        this.#ledger.recordChange(collection, -removed.length);
      }
      return removed;
    })();
  }

  #removeOne(collection: number, seq: number): boolean {
    const metadata = this.#run.remove.get(collection, seq);
    if (metadata === undefined) {
      return false;
    }
    this.#run.removeVectors.run(seq, -seq);
    this.#run.removeOriginal.run(seq);
    this.#run.removeThumbnail.run(seq);
    this.values.remove(collection, seq, metadata);
    return true;
  }

  /** Removes up to `limit` rows of a deleted collection. Call it inside a transaction. @returns how many */
  clear(collection: number, limit: number): number {
    const sql = 'SELECT seq FROM items WHERE collection = ? LIMIT ?';
    const seqs = this.prepare(sql).pluck().all(collection, limit) as number[];
    for (const seq of seqs) {
      this.#removeOne(collection, seq);
    }
    return seqs.length;
  }

  /** Translates a filter. @returns null if it matches everything */
  translateFilter(filter: Filter | undefined): FilterCondition | null {
    return toCondition(filter, this.values.isComplete);
  }
}

/** What became of an item; `seq` is null where it was there already. */
type Inserted = PutResult & { seq: number | null };
