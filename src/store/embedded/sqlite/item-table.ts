/** Items with their vectors and pictures. {@link ItemQueries} reads pages and selections. All methods are synchronous. */
import type { BulkPatch, Filter, NewItem } from '../../store.js';
import type { CollectionRow } from './collection-row.js';
import { type FilterCondition, toCondition } from './filter-condition.js';
import { ItemImages } from './item-images.js';
import { ItemQueries } from './item-queries.js';
import { type Inserted, ITEM_COLUMNS, type ItemRow, patchMetadata, toStoredText } from './item-row.js';
import { ItemTexts } from './item-texts.js';
import { ItemValues } from './item-values.js';
import type { Ledger } from './ledger.js';
import { OlderItems } from './older-items.js';
import { computeItemChecksum, hasValidChecksum, requireValidChecksum } from './row-checksums.js';
import type { Db } from './sqlite.js';
import { createDamagedError } from './storage-error.js';
import { type Identity, packVector, unpackVector } from './stored-vector.js';

/** An item whose pictures and vector may lack checksums, with the number and dimension of its vector. */
interface ItemWithBlobs extends Identity {
  seq: number;
  vector_seq: number;
  dimension: number;
}

/** The columns of an {@link ItemWithBlobs}. */
const BLOB_COLUMNS = `seq, id, sha256,
  seq * coalesce((SELECT vector_sign FROM collection_settings AS s WHERE s.collection = items.collection), 1) AS vector_seq,
  coalesce((SELECT dimension FROM collections WHERE collections.id = items.collection), 0) AS dimension`;

function prepareStatements(db: Db) {
  return {
    byId: db.prepare<[number, string], ItemRow>(
      `SELECT ${ITEM_COLUMNS} FROM items WHERE collection = ? AND id = ?`,
    ),
    bySha256: db.prepare<[number, string], ItemRow>(
      `SELECT ${ITEM_COLUMNS} FROM items WHERE collection = ? AND sha256 = ?`,
    ),
    insert: db.prepare(
      `INSERT INTO items (collection, id, sha256, label, source, size, metadata, has_thumbnail, created_at, checksum)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    insertVector: db.prepare('INSERT INTO vectors (seq, vector) VALUES (?, ?)'),
    replaceVector: db.prepare('UPDATE vectors SET vector = ? WHERE seq = ?'),
    vector: db.prepare<[number], Uint8Array>('SELECT vector FROM vectors WHERE seq = ?').pluck(),
    update: db.prepare('UPDATE items SET label = ?, source = ?, metadata = ?, checksum = ? WHERE seq = ?'),
    seqOf: db
      .prepare<[number, string], number>('SELECT seq FROM items WHERE collection = ? AND id = ?')
      .pluck(),
    remove: db.prepare<[number, number], ItemRow>(
      `DELETE FROM items WHERE collection = ? AND seq = ? RETURNING ${ITEM_COLUMNS}`,
    ),
    removeVectors: db.prepare('DELETE FROM vectors WHERE seq IN (?, ?)'),
    markThumbnail: db.prepare('UPDATE items SET has_thumbnail = 1, checksum = ? WHERE seq = ?'),
    setChecksum: db.prepare<[number, number]>('UPDATE items SET checksum = ? WHERE seq = ?'),
  };
}

export class ItemTable extends ItemQueries {
  readonly #ledger: Ledger;
  readonly #run: ReturnType<typeof prepareStatements>;
  readonly #olderRows: OlderItems<ItemRow>;
  readonly #olderBlobs: OlderItems<ItemWithBlobs>;
  /** Items as JSON, for searches. */
  readonly texts = new ItemTexts(this);
  /** Index of metadata values, for filters. */
  readonly values: ItemValues;
  readonly thumbnails: ItemImages;
  readonly originals: ItemImages;

  constructor(db: Db, ledger: Ledger) {
    super(db);
    this.#ledger = ledger;
    this.values = new ItemValues(db);
    this.thumbnails = new ItemImages(db, 'thumbnails');
    this.originals = new ItemImages(db, 'originals');
    this.#run = prepareStatements(db);
    this.#olderRows = new OlderItems(db, 'checksum_progress', ITEM_COLUMNS);
    this.#olderBlobs = new OlderItems(db, 'picture_progress', BLOB_COLUMNS);
  }

  /** Inserts items with a new id and content. Call it inside a transaction. */
  insert({ id, vector_sign }: CollectionRow, items: readonly NewItem[], now: string): Inserted[] {
    const results = items.map((item) => this.#insertOne(id, vector_sign, item, now));
    const created = results.filter(({ seq }) => seq !== null).length;
    if (created > 0) {
      this.#ledger.recordChange(id, created);
    }
    return results;
  }

  #insertOne(collection: number, sign: number, item: NewItem, now: string): Inserted {
    const { id, sha256, size } = item;
    const label = toStoredText(item.label);
    const source = toStoredText(item.source);
    const metadata = JSON.stringify(item.metadata);
    const thumbnail = item.thumbnail === null ? 0 : 1;
    const row = { id, sha256, label, source, size, metadata, has_thumbnail: thumbnail, created_at: now };
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
      computeItemChecksum(row),
    );
    if (inserted.changes === 0) {
      const existing = this.find(collection, id) ?? this.findBySha256(collection, sha256)!;
      this.#repairPictures(existing, item);
      return { id: existing.id, status: 'exists', label: existing.label, seq: null };
    }
    const seq = Number(inserted.lastInsertRowid);
    this.#run.insertVector.run(sign * seq, packVector(item.vector, item));
    if (item.successorVector !== undefined) {
      this.#run.insertVector.run(-sign * seq, packVector(item.successorVector.vector, item));
    }
    if (item.original) {
      this.originals.add(seq, item.original);
    }
    if (item.thumbnail !== null) {
      this.thumbnails.add(seq, item.thumbnail);
    }
    this.values.add(collection, seq, metadata, item.metadata);
    return { id, status: 'created', label, seq };
  }

  /** Replaces the damaged pictures of an item that was added again. */
  #repairPictures(existing: ItemRow, { sha256, thumbnail, original }: NewItem): void {
    if (existing.sha256 !== sha256) {
      return;
    }
    if (thumbnail !== null) {
      this.thumbnails.repair(existing, thumbnail);
    }
    if (original) {
      this.originals.repair(existing, original);
    }
  }

  /** Adds the values and checksums of some items of an older format, durably. Returns whether there are more. */
  upgradeOlderItems(): boolean {
    const hasMoreValues = this.values.addOlderItems();
    const hasMoreRows = this.#olderRows.step((row) =>
      this.#run.setChecksum.run(computeItemChecksum(row), row.seq),
    );
    const hasMoreBlobs = this.#olderBlobs.step((item) => this.#addBlobChecksums(item));
    return hasMoreValues || hasMoreRows || hasMoreBlobs;
  }

  /** Adds the checksums of an item's pictures and vector, where they lack one. */
  #addBlobChecksums({ seq, vector_seq, dimension, ...identity }: ItemWithBlobs): void {
    this.thumbnails.addMissingChecksum(seq);
    this.originals.addMissingChecksum(seq);
    const blob = this.#run.vector.get(vector_seq);
    const vector = blob?.byteLength === 4 * dimension ? unpackVector(blob, dimension, identity) : null;
    if (vector !== null) {
      this.#run.replaceVector.run(packVector(vector, identity), vector_seq);
    }
  }

  /** @throws PawdexError data_damaged */
  find(collection: number, id: string): ItemRow | undefined {
    const row = this.#run.byId.get(collection, id);
    return row && requireValidChecksum(row);
  }

  findBySha256(collection: number, sha256: string): ItemRow | undefined {
    const row = this.#run.bySha256.get(collection, sha256);
    return row && requireValidChecksum(row);
  }

  /** Reads the vector of a row; null if there is none. Throws PawdexError data_damaged if its checksum is wrong. */
  readVector(row: ItemRow, { dimension, vector_sign }: CollectionRow): Float32Array | null {
    const blob = this.#run.vector.get(vector_sign * row.seq);
    if (blob === undefined) {
      return null;
    }
    const vector = unpackVector(blob, dimension, row);
    if (vector === null) {
      throw createDamagedError([`The vector of item ${row.id} is damaged.`]);
    }
    return vector.slice();
  }

  findSeqs(collection: number, ids: readonly string[]): number[] {
    return ids.flatMap((id) => this.#run.seqOf.all(collection, id));
  }

  /** Stores thumbnails of items whose own is missing or damaged, in one transaction. Returns their ids. */
  attachThumbnails(
    collection: number,
    thumbnails: readonly { id: string; thumbnail: Uint8Array }[],
  ): string[] {
    return this.db.transaction(() => {
      const attached = thumbnails.filter(({ id, thumbnail }) => {
        const row = this.find(collection, id);
        if (row === undefined) {
          return false;
        }
        if (row.has_thumbnail === 1) {
          return this.thumbnails.repair(row, thumbnail);
        }
        this.thumbnails.add(row.seq, thumbnail);
        this.#run.markThumbnail.run(computeItemChecksum({ ...row, has_thumbnail: 1 }), row.seq);
        this.texts.forget(row.seq);
        return true;
      });
      if (attached.length > 0) {
        this.#ledger.recordChange();
      }
      return attached.map(({ id }) => id);
    })();
  }

  /** Changes rows in one transaction; skips rows that do not exist. Returns the changed rows. */
  update(collection: number, seqs: readonly number[], patch: BulkPatch): ItemRow[] {
    return this.db.transaction(() => {
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
      label: patch.label === undefined ? row.label : toStoredText(patch.label),
      source: patch.source === undefined ? row.source : toStoredText(patch.source),
      metadata: patchMetadata(row.metadata, patch),
    };
    this.#run.update.run(next.label, next.source, next.metadata, computeItemChecksum(next), row.seq);
    this.texts.forget(row.seq);
    if (next.metadata !== row.metadata) {
      this.values.remove(collection, row.seq, row.metadata);
      this.values.add(collection, row.seq, next.metadata);
    }
    return next;
  }

  /** Removes rows in one transaction. Returns the sequence numbers of those that existed. */
  remove(collection: number, seqs: readonly number[]): number[] {
    return this.db.transaction(() => {
      const removed = seqs.filter((seq) => this.#removeOne(collection, seq));
      if (removed.length > 0) {
        this.#ledger.recordChange(collection, -removed.length);
      }
      return removed;
    })();
  }

  /** @throws PawdexError data_damaged, unless the collection was deleted with everything in it */
  #removeOne(collection: number, seq: number, isDropped = false): boolean {
    const row = this.#run.remove.get(collection, seq);
    if (row === undefined) {
      return false;
    }
    if (isDropped && !hasValidChecksum(row)) {
      this.values.removeAll(collection, seq);
    } else {
      this.values.remove(collection, seq, requireValidChecksum(row).metadata);
    }
    this.texts.forget(seq);
    this.#run.removeVectors.run(seq, -seq);
    this.originals.remove(seq);
    this.thumbnails.remove(seq);
    return true;
  }

  /** Removes up to `limit` rows of a deleted collection. Call it inside a transaction. Returns how many. */
  removeDropped(collection: number, limit: number): number {
    const sql = 'SELECT seq FROM items WHERE collection = ? LIMIT ?';
    const seqs = this.prepare(sql).pluck().all(collection, limit) as number[];
    for (const seq of seqs) {
      this.#removeOne(collection, seq, true);
    }
    return seqs.length;
  }

  /** Translates a filter. Returns null if it matches everything. */
  translateFilter(filter: Filter | undefined): FilterCondition | null {
    return toCondition(filter, this.values.isComplete);
  }
}
