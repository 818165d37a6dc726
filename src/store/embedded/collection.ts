/** A collection as the worker holds it: its description, its rows in memory, its graph. */
import type { PawdexError } from '../../errors.js';
import type { CollectionInfo } from '../store.js';
import type { GraphLibrary } from './graph/graph.js';
import type { Snapshot } from './graph/graph-snapshot.js';
import { Indexer } from './graph/indexer.js';
import type { CollectionRow } from './sqlite/collection-table.js';
import type { Items, LoadedRow } from './sqlite/item-table.js';
import { createDamagedError } from './sqlite/storage-error.js';
import { unpackVector } from './sqlite/stored-vector.js';
import { EXPECTED_FOR_MS, Turn } from './turns.js';
import { Rows } from './vectors/rows.js';
import { normalise } from './vectors/unit-vector.js';

/** Rows read from the database in one go: about a millisecond. */
const LOAD_PAGE = 256;

export class Collection {
  readonly id: number;
  readonly rows: Rows;
  readonly indexer: Indexer;
  /** Resolves when every row is in memory; searches wait for it. */
  readonly loaded: Promise<void>;
  row: CollectionRow;
  #count: number;
  #inMemory = false;
  #gone: PawdexError | null = null;
  #searchedAt = Number.NEGATIVE_INFINITY;
  readonly #items: Items;

  /**
   * @param library see {@link Indexer}
   * @param onRepair told in a sentence what was found damaged
   */
  constructor(
    row: CollectionRow,
    items: Items,
    library: GraphLibrary | null,
    snapshot: Snapshot,
    onRepair: (sentence: string) => void,
  ) {
    this.id = row.id;
    this.row = row;
    this.#items = items;
    this.rows = new Rows(row.dimension);
    this.indexer = new Indexer(this.rows, library, snapshot);
    this.#count = items.count(row.id);
    this.loaded = this.#load(onRepair);
    // Whoever needs the rows awaits `loaded` and gets the error; that nobody does is no reason to end.
    this.loaded.catch(() => {});
  }

  get info(): CollectionInfo {
    const { name, dimension, fingerprint, model, description, gallery, calibration, created_at } = this.row;
    return {
      ...{ name, dimension, fingerprint, model, gallery, count: this.#count, createdAt: created_at },
      ...(description === null ? {} : { description }),
      calibration: calibration === null ? null : JSON.parse(calibration),
      index: this.indexer.state,
    };
  }

  get count(): number {
    return this.#count;
  }

  /** Whether every row is in memory. */
  get isLoaded(): boolean {
    return this.#inMemory;
  }

  /** Whether the collection has been deleted or the store closed. */
  get isGone(): boolean {
    return this.#gone !== null;
  }

  /** Throws when the collection has been deleted or the store closed while the caller was waiting. */
  check(): void {
    if (this.#gone !== null) {
      throw this.#gone;
    }
  }

  /** Notes a search. */
  searched(): void {
    this.#searchedAt = performance.now();
  }

  /** Whether puts should wait for the graph to catch up: it is searched, and the rows it lacks slow searches down. */
  get crowded(): boolean {
    return this.indexer.behind && performance.now() - this.#searchedAt < EXPECTED_FOR_MS;
  }

  /** A row that is durable now. @param unit float32 [dimension] of length 1 */
  added(seq: number, id: string, label: string | null, unit: Float32Array): void {
    this.#count++;
    if (!this.#inMemory) {
      return; // the load under way comes to it
    }
    this.rows.add(seq, id, label, unit);
    this.indexer.added(seq);
  }

  /** A row that is durably gone. */
  removed(seq: number): void {
    this.#count--;
    if (this.rows.remove(seq) && this.#inMemory) {
      this.indexer.removed(seq);
    }
  }

  /** Ends all work on it with the given error. */
  end(error: PawdexError): void {
    this.#gone = error;
  }

  async #load(onRepair: (sentence: string) => void): Promise<void> {
    const turn = new Turn();
    let after = 0;
    let damaged = 0;
    for (;;) {
      await turn.next();
      this.check();
      const page = this.#items.load(this.id, after, LOAD_PAGE);
      for (const row of page) {
        const unit = toUnitVector(row, this.rows.dimension);
        if (unit === null) {
          damaged++;
        } else {
          this.rows.add(row.seq, row.id, row.label, unit);
        }
      }
      if (page.length < LOAD_PAGE) {
        break;
      }
      after = page.at(-1)!.seq;
    }
    const missing = this.#count - this.rows.count - damaged;
    if (damaged > 0 || missing !== 0) {
      const problems = [
        ...(damaged > 0 ? [`${damaged} have damaged vectors`] : []),
        ...(missing !== 0
          ? [`${Math.abs(missing)} ${missing > 0 ? 'have no vector' : 'are not in its index'}`]
          : []),
      ];
      throw createDamagedError([
        `Collection ${this.row.name}: of ${this.#count} items ${problems.join(' and ')}.`,
      ]);
    }
    this.#inMemory = true;
    const wrong = await this.indexer.load();
    if (wrong !== null) {
      onRepair(`Collection ${this.row.name}: the saved graph is not used since ${wrong}; it is rebuilt.`);
    }
  }
}

/** A stored vector at length 1, or null when it is damaged. */
function toUnitVector(row: LoadedRow, dimension: number): Float32Array | null {
  const vector = unpackVector(row.vector, dimension, row);
  if (vector === null || !isUsable(vector)) {
    return null;
  }
  return normalise(vector, dimension);
}

/** No other is ever stored. */
const isUsable = (vector: Float32Array) => vector.every(Number.isFinite) && vector.some((x) => x !== 0);
