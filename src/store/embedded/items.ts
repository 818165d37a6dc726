/** The statements on items. One instance per database; every method is synchronous. */
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { Item, ItemPatch, NewItem, PutResult } from '../store.js';
import type { Condition } from './filters.js';
import type { Ledger } from './ledger.js';
import type { Db } from './sqlite.js';

/** An item as a row of the database. */
export interface ItemRow {
  seq: number;
  id: string;
  sha256: string;
  label: string | null;
  source: string | null;
  size: number;
  metadata: string;
  has_thumbnail: number;
  created_at: string;
}

type Statement = Database.Statement<unknown[]>;

const COLUMNS = 'seq, id, sha256, label, source, size, metadata, has_thumbnail, created_at';

/** Statements for filters are few but built from callers' filters: beyond this many the oldest goes. */
const MAX_CACHED = 64;

/** A row as the store's callers see it. */
export function toItem(row: ItemRow): Item {
  return {
    id: row.id,
    label: row.label,
    source: row.source,
    sha256: row.sha256,
    size: row.size,
    metadata: JSON.parse(row.metadata),
    hasThumbnail: row.has_thumbnail === 1,
    createdAt: row.created_at,
  };
}

const CHECKSUM_BYTES = 4;

/** A vector as it is stored: its numbers, then their CRC-32. */
function packVector(vector: Float32Array): Uint8Array {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  const packed = Buffer.allocUnsafe(bytes.length + CHECKSUM_BYTES);
  bytes.copy(packed);
  packed.writeUInt32LE(crc32(bytes), bytes.length);
  return packed;
}

/**
 * The vector in a blob, sharing its memory where that is aligned.
 *
 * @returns null when it is not what was stored: of another length, or with another checksum
 */
export function unpackVector(blob: Uint8Array, dimension: number): Float32Array | null {
  const length = dimension * 4;
  const aligned = blob.byteOffset % 4 === 0 ? blob : new Uint8Array(blob);
  const vector = () => new Float32Array(aligned.buffer, aligned.byteOffset, dimension);
  // Stored before there were checksums.
  if (blob.byteLength === length) return vector();
  if (blob.byteLength !== length + CHECKSUM_BYTES) return null;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return view.getUint32(length, true) === crc32(blob.subarray(0, length)) ? vector() : null;
}

function statements(db: Db) {
  return {
    byId: db.prepare<[number, string], ItemRow>(
      `SELECT ${COLUMNS} FROM items WHERE collection = ? AND id = ?`,
    ),
    bySha256: db.prepare<[number, string], { id: string; label: string | null }>(
      'SELECT id, label FROM items WHERE collection = ? AND sha256 = ?',
    ),
    bySeq: db.prepare<[number], ItemRow>(`SELECT ${COLUMNS} FROM items WHERE seq = ?`),
    insert: db.prepare(
      `INSERT INTO items (collection, id, sha256, label, source, size, metadata, has_thumbnail, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertVector: db.prepare('INSERT INTO vectors (seq, vector) VALUES (?, ?)'),
    insertThumbnail: db.prepare('INSERT INTO thumbnails (seq, image) VALUES (?, ?)'),
    vector: db.prepare<[number], Uint8Array>('SELECT vector FROM vectors WHERE seq = ?').pluck(),
    thumbnail: db.prepare<[number], Uint8Array>('SELECT image FROM thumbnails WHERE seq = ?').pluck(),
    update: db.prepare('UPDATE items SET label = ?, source = ?, metadata = ? WHERE seq = ?'),
    remove: db
      .prepare<[number, string], number>('DELETE FROM items WHERE collection = ? AND id = ? RETURNING seq')
      .pluck(),
    removeVector: db.prepare('DELETE FROM vectors WHERE seq = ?'),
    removeThumbnail: db.prepare('DELETE FROM thumbnails WHERE seq = ?'),
  };
}

export class Items {
  readonly #db: Db;
  readonly #ledger: Ledger;
  readonly #run: ReturnType<typeof statements>;
  readonly #filtered = new Map<string, Statement>();

  constructor(db: Db, ledger: Ledger) {
    this.#db = db;
    this.#ledger = ledger;
    this.#run = statements(db);
  }

  /** Inserts items whose id and content are not known; call it inside a transaction. */
  insert(collection: number, items: readonly NewItem[], now: string): (PutResult & { seq: number | null })[] {
    const results = items.map((item) => this.#insertOne(collection, item, now));
    const created = results.filter(({ seq }) => seq !== null).length;
    if (created > 0) this.#ledger.change(collection, created);
    return results;
  }

  #insertOne(collection: number, item: NewItem, now: string): PutResult & { seq: number | null } {
    const known = this.#run.byId.get(collection, item.id) ?? this.#run.bySha256.get(collection, item.sha256);
    if (known !== undefined) return { id: known.id, status: 'exists', label: known.label, seq: null };
    const { id, sha256, label, source, size } = item;
    const metadata = JSON.stringify(item.metadata);
    const thumbnail = item.thumbnail === null ? 0 : 1;
    const seq = Number(
      this.#run.insert.run(collection, id, sha256, label, source, size, metadata, thumbnail, now)
        .lastInsertRowid,
    );
    this.#run.insertVector.run(seq, packVector(item.vector));
    if (item.thumbnail !== null) this.#run.insertThumbnail.run(seq, item.thumbnail);
    return { id, status: 'created', label, seq };
  }

  find(collection: number, id: string): ItemRow | undefined {
    return this.#run.byId.get(collection, id);
  }

  bySeq(seq: number): ItemRow | undefined {
    return this.#run.bySeq.get(seq);
  }

  bySha256(collection: number, sha256: string): { id: string; label: string | null } | undefined {
    return this.#run.bySha256.get(collection, sha256);
  }

  /** @returns null when there is none, or not as it was stored */
  vector(seq: number, dimension: number): Float32Array | null {
    const blob = this.#run.vector.get(seq);
    return blob === undefined ? null : (unpackVector(blob, dimension)?.slice() ?? null);
  }

  thumbnail(seq: number): Uint8Array | undefined {
    return this.#run.thumbnail.get(seq);
  }

  update(row: ItemRow, patch: ItemPatch): ItemRow {
    const next: ItemRow = {
      ...row,
      label: patch.label === undefined ? row.label : patch.label,
      source: patch.source === undefined ? row.source : patch.source,
      metadata: patch.metadata === undefined ? row.metadata : JSON.stringify(patch.metadata),
    };
    this.#db.transaction(() => {
      this.#run.update.run(next.label, next.source, next.metadata, row.seq);
      this.#ledger.change();
    })();
    return next;
  }

  /** Removes items in one transaction. @returns the sequence numbers of those that were there */
  remove(collection: number, ids: string[]): number[] {
    return this.#db.transaction(() => {
      const seqs = ids.flatMap((id) => this.#run.remove.all(collection, id));
      for (const seq of seqs) {
        this.#run.removeVector.run(seq);
        this.#run.removeThumbnail.run(seq);
      }
      if (seqs.length > 0) this.#ledger.change(collection, -seqs.length);
      return seqs;
    })();
  }

  /** Rows after `after` up to `to`, in order of insertion. */
  page(collection: number, after: number, to: number, limit: number, condition: Condition | null): ItemRow[] {
    const sql = `SELECT ${COLUMNS} FROM items WHERE collection = ? AND seq > ? AND seq <= ?${and(condition)} ORDER BY seq LIMIT ?`;
    return this.#prepare(sql).all(
      collection,
      after,
      to,
      ...(condition?.parameters ?? []),
      limit,
    ) as ItemRow[];
  }

  /** Sequence numbers of the matching rows after `after` up to `to`, at most `limit`. */
  matching(collection: number, after: number, to: number, limit: number, condition: Condition): number[] {
    const sql = `SELECT seq FROM items WHERE collection = ? AND seq > ? AND seq <= ? AND ${condition.sql} LIMIT ?`;
    return this.#prepare(sql)
      .pluck()
      .all(collection, after, to, ...condition.parameters, limit) as number[];
  }

  /** Those of the given rows that match. */
  among(seqs: number[], condition: Condition): Set<number> {
    const sql = `SELECT seq FROM items WHERE seq IN (SELECT value FROM json_each(?)) AND ${condition.sql}`;
    return new Set(
      this.#prepare(sql)
        .pluck()
        .all(JSON.stringify(seqs), ...condition.parameters) as number[],
    );
  }

  /** Sequence number of the `step`-th row after `after`, or null when there are fewer. */
  rowAfter(collection: number, after: number, step: number): number | null {
    const sql = 'SELECT seq FROM items WHERE collection = ? AND seq > ? ORDER BY seq LIMIT 1 OFFSET ?';
    const seq = this.#prepare(sql)
      .pluck()
      .get(collection, after, step - 1);
    return (seq as number | undefined) ?? null;
  }

  count(collection: number): number {
    return this.#prepare('SELECT count(*) FROM items WHERE collection = ?').pluck().get(collection) as number;
  }

  /** A page of what memory holds of each item. */
  load(collection: number, after: number, limit: number): LoadedRow[] {
    return this.#prepare(
      `SELECT seq, id, label, vector FROM items JOIN vectors USING (seq)
       WHERE collection = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ).all(collection, after, limit) as LoadedRow[];
  }

  #prepare(sql: string): Statement {
    const cached = this.#filtered.get(sql);
    if (cached !== undefined) return cached;
    if (this.#filtered.size === MAX_CACHED)
      this.#filtered.delete(this.#filtered.keys().next().value as string);
    const statement = this.#db.prepare<unknown[]>(sql);
    this.#filtered.set(sql, statement);
    return statement;
  }
}

/** What memory holds of an item, with the vector as stored. */
export interface LoadedRow {
  seq: number;
  id: string;
  label: string | null;
  vector: Uint8Array;
}

const and = (condition: Condition | null) => (condition === null ? '' : ` AND ${condition.sql}`);
