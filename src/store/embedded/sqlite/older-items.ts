/**
 * Brings items of an older format up to date, some at a time and durably, while the store is in use. A table of one row
 * holds the number of the last item that is done, or null when all are.
 */
import type { Db } from './sqlite.js';

/** Items per transaction, which takes a few milliseconds. */
const STEP = 256;

export class OlderItems<R extends { seq: number }> {
  readonly #db: Db;
  readonly #progress;
  readonly #advance;
  readonly #older;
  readonly #isTemporary: boolean;
  #isComplete: boolean;

  /**
   * @param table with the progress
   * @param columns of the items that {@link step} passes on
   */
  constructor(db: Db, table: string, columns: string) {
    this.#db = db;
    this.#progress = db.prepare<[], number | null>(`SELECT after FROM ${table}`).pluck();
    this.#advance = db.prepare<[number | null]>(`UPDATE ${table} SET after = ?`);
    this.#older = db.prepare<[number, number], R>(
      `SELECT ${columns} FROM items WHERE seq > ? ORDER BY seq LIMIT ?`,
    );
    this.#isComplete = this.#progress.get() === null;
    const temporary = db.prepare<[string]>('SELECT 1 FROM sqlite_temp_master WHERE name = ?');
    this.#isTemporary = temporary.get(table) !== undefined;
  }

  /** Whether all items are up to date. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Passes some items on, inside a transaction.
   *
   * @param finish called after the last ones, in the same transaction
   * @returns whether there are more
   */
  step(upgrade: (row: R) => void, finish: () => void = () => {}): boolean {
    // The table is temporary because the disk is full.
    if (this.#isComplete || this.#isTemporary) {
      return false;
    }
    this.#db.transaction(() => {
      const rows = this.#older.all(this.#progress.get() ?? 0, STEP);
      rows.forEach(upgrade);
      if (rows.length === STEP) {
        this.#advance.run(rows.at(-1)!.seq);
        return;
      }
      this.#advance.run(null);
      finish();
    })();
    this.#isComplete = this.#progress.get() === null;
    return !this.#isComplete;
  }
}
