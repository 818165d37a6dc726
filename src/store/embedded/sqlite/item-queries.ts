/** Reads pages and selections of items. Their statements depend on filters, so the latest are kept prepared. */
import type Database from 'better-sqlite3';
import type { CollectionRow } from './collection-row.js';
import type { Condition, FilterCondition } from './filter-condition.js';
import { ITEM_COLUMNS, type ItemRow, type LoadedRow } from './item-row.js';
import { requireValidChecksum } from './row-checksums.js';
import type { Db } from './sqlite.js';

type Statement = Database.Statement<unknown[]>;

/** Maximum number of prepared statements to keep. The oldest is dropped. */
const MAX_CACHED = 64;
/** If a filter matches at most this many rows, they are read and scanned together, without the graph. */
const FEW = 4096;

export class ItemQueries {
  readonly #filtered = new Map<string, Statement>();
  readonly #inTransaction: (read: () => unknown) => unknown;
  readonly #bySeq;

  constructor(protected readonly db: Db) {
    this.#bySeq = db.prepare<[number], ItemRow>(`SELECT ${ITEM_COLUMNS} FROM items WHERE seq = ?`);
    this.#inTransaction = db.transaction((read: () => unknown) => read());
  }

  /** Runs several small reads in one transaction. Locking the database for each would double their time. */
  readTogether<T>(read: () => T): T {
    return this.#inTransaction(read) as T;
  }

  /** @throws PawdexError data_damaged if its checksum is wrong, like all methods that read rows */
  findBySeq(seq: number): ItemRow | undefined {
    const row = this.#bySeq.get(seq);
    return row && requireValidChecksum(row);
  }

  /** Finds all matching rows, ascending, if an index shows that they are {@link FEW} at most. Returns null otherwise. */
  findFew(collection: number, condition: FilterCondition): number[] | null {
    for (const part of condition.indexed) {
      const seqs = this.findMatching(collection, 0, Number.MAX_SAFE_INTEGER, FEW + 1, part);
      if (seqs.length > FEW) {
        continue;
      }
      const matching = condition.sql === part.sql ? seqs : [...this.selectMatching(seqs, condition)];
      return matching.sort((a, b) => a - b);
    }
    return null;
  }

  /** Reads rows after `after` up to `to`, in order of insertion. Throws PawdexError data_damaged. */
  readPage(
    collection: number,
    after: number,
    to: number,
    limit: number,
    condition: Condition | null,
  ): ItemRow[] {
    const sql = `SELECT ${ITEM_COLUMNS} FROM items WHERE collection = ? AND seq > ? AND seq <= ?${formatCondition(condition)} ORDER BY seq LIMIT ?`;
    const parameters = [collection, after, to, ...(condition?.parameters ?? []), limit];
    return (this.prepare(sql).all(...parameters) as ItemRow[]).map(requireValidChecksum);
  }

  /** Finds the matching rows after `after` up to `to`, at most `limit`. */
  findMatching(collection: number, after: number, to: number, limit: number, condition: Condition): number[] {
    const table = condition.lookup === undefined ? 'items' : 'item_values';
    const { sql: test, parameters } = condition.lookup ?? condition;
    // An item may have several of the wanted values.
    const distinct = parameters.length > 2 && condition.lookup !== undefined ? 'DISTINCT ' : '';
    const sql = `SELECT ${distinct}seq FROM ${table} WHERE collection = ? AND seq > ? AND seq <= ? AND ${test} LIMIT ?`;
    return this.prepare(sql)
      .pluck()
      .all(collection, after, to, ...parameters, limit) as number[];
  }

  /** Selects the rows that match from the given ones. */
  selectMatching(seqs: number[], condition: Condition): Set<number> {
    const sql = `SELECT seq FROM items WHERE seq IN (SELECT value FROM json_each(?)) AND ${condition.sql}`;
    return new Set(
      this.prepare(sql)
        .pluck()
        .all(JSON.stringify(seqs), ...condition.parameters) as number[],
    );
  }

  /** Finds the `step`-th row after `after`. Returns null if there are fewer. */
  findRowAfter(collection: number, after: number, step: number): number | null {
    const sql = 'SELECT seq FROM items WHERE collection = ? AND seq > ? ORDER BY seq LIMIT 1 OFFSET ?';
    const seq = this.prepare(sql)
      .pluck()
      .get(collection, after, step - 1);
    return (seq as number | undefined) ?? null;
  }

  count(collection: number): number {
    return this.prepare('SELECT count(*) FROM items WHERE collection = ?').pluck().get(collection) as number;
  }

  /** Reads a page of the fields that are kept in memory. */
  load({ id, vector_sign }: CollectionRow, after: number, limit: number): LoadedRow[] {
    return this.prepare(
      `SELECT items.seq, id, sha256, label, vector FROM items JOIN vectors ON vectors.seq = ? * items.seq
       WHERE collection = ? AND items.seq > ? ORDER BY items.seq LIMIT ?`,
    ).all(vector_sign, id, after, limit) as LoadedRow[];
  }

  /** Prepares a statement whose text depends on a filter. */
  protected prepare(sql: string): Statement {
    const cached = this.#filtered.get(sql);
    if (cached !== undefined) {
      return cached;
    }
    if (this.#filtered.size === MAX_CACHED) {
      this.#filtered.delete(this.#filtered.keys().next().value as string);
    }
    const statement = this.db.prepare<unknown[]>(sql);
    this.#filtered.set(sql, statement);
    return statement;
  }
}

const formatCondition = (condition: Condition | null) => (condition === null ? '' : ` AND ${condition.sql}`);
