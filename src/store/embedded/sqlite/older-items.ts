/**
 * Upgrades items of an older format, a few at a time and durably, while the store is in use. A table with one row has the
 * number of the last upgraded item, or null once all are done.
 */
import type { Db } from './sqlite.js';

/** Items and milliseconds per transaction, whichever is reached first. */
const STEP = 256;
const STEP_MS = 4;

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
