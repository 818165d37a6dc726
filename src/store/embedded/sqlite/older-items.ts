/**
 * Upgrades items of an older format, a few at a time and durably, while the store is in use. A table with one row has the
 * number of the last upgraded item, or null once all are done.
 */
import type { Db } from './sqlite.js';
import type { Identity } from './stored-vector.js';

/** Items and milliseconds per transaction, whichever is reached first. */
const STEP = 256;
const STEP_MS = 4;

/** An item whose pictures and vector may lack checksums, with the number and dimension of its vector. */
export interface ItemWithBlobs extends Identity {
  seq: number;
  vector_seq: number;
  dimension: number;
}

/** The columns of an {@link ItemWithBlobs}. */
export const BLOB_COLUMNS = `seq, id, sha256,
  seq * coalesce((SELECT vector_sign FROM collection_settings AS s WHERE s.collection = items.collection), 1) AS vector_seq,
  coalesce((SELECT dimension FROM collections WHERE collections.id = items.collection), 0) AS dimension`;

export class OlderItems<R extends { seq: number }> {
  readonly #db: Db;
  readonly #progress;
  readonly #advance;
  readonly #older;
  #isComplete: boolean;

  /**
   * @param table holds the progress
   * @param columns of the items that {@link step} passes to its callback
   */
  constructor(db: Db, table: string, columns: string) {
    this.#db = db;
    this.#progress = db.prepare<[], number | null>(`SELECT after FROM ${table}`).pluck();
    this.#advance = db.prepare<[number | null]>(`UPDATE ${table} SET after = ?`);
    this.#older = db.prepare<[number, number], R>(
      `SELECT ${columns} FROM items WHERE seq > ? ORDER BY seq LIMIT ?`,
    );
    this.#isComplete = this.#progress.get() === null;
  }

  /** Whether all items are up to date. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Passes a few items to the callback, inside a transaction.
   *
   * @param finish called after the last items, in the same transaction
   * @returns whether there are more
   */
  step(upgrade: (row: R) => void, finish: () => void = () => {}): boolean {
    if (this.#isComplete) {
      return false;
    }
    this.#db.transaction(() => {
      const rows = this.#older.all(this.#progress.get() ?? 0, STEP);
      const until = performance.now() + STEP_MS;
      let done = 0;
      while (done < rows.length && (done === 0 || performance.now() < until)) {
        upgrade(rows[done]!);
        done++;
      }
      if (done === STEP || done < rows.length) {
        this.#advance.run(rows[done - 1]!.seq);
        return;
      }
      this.#advance.run(null);
      finish();
    })();
    this.#isComplete = this.#progress.get() === null;
    return !this.#isComplete;
  }
}
