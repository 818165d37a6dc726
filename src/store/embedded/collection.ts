/** A collection in the worker: its description, its rows in memory and its graph. */
import { PawdexError } from '../../errors.js';
import type { CollectionInfo, CollectionSpec } from '../store.js';
import type { GraphLibrary } from './graph/graph.js';
import type { GraphSnapshot } from './graph/graph-snapshot.js';
import { Indexer } from './graph/indexer.js';
import type { CollectionRow } from './sqlite/collection-table.js';
import type { LoadedRow } from './sqlite/item-row.js';
import type { ItemTable } from './sqlite/item-table.js';
import { createDamagedError } from './sqlite/storage-error.js';
import { unpackVector } from './sqlite/stored-vector.js';
import { EXPECTED_FOR_MS, Turn } from './turns.js';
import { MAX_DIMENSION } from './vectors/arena.js';
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
  readonly #items: ItemTable;

  /**
   * @param library see {@link Indexer}
   * @param onRepair called with a sentence about anything found damaged
   */
  constructor(
    row: CollectionRow,
    items: ItemTable,
    library: GraphLibrary | null,
    snapshot: GraphSnapshot,
    onRepair: (sentence: string) => void,
  ) {
    this.id = row.id;
    this.row = row;
    this.#items = items;
    this.rows = new Rows(row.dimension);
    this.indexer = new Indexer(this.rows, library, snapshot);
    this.#count = items.count(row.id);
    this.loaded = this.#load(onRepair);
    // Callers that need the rows await `loaded` and get the error. Without a caller it must not end the process.
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

  /** Records that a search was made. */
  noteSearch(): void {
    this.#searchedAt = performance.now();
  }

  /** Whether puts should wait: the collection is being searched, and rows missing from the graph slow searches down. */
  get isCrowded(): boolean {
    return this.indexer.isBehind && performance.now() - this.#searchedAt < EXPECTED_FOR_MS;
  }

  /** Takes in a row that is now durable. @param unit float32 [dimension] of length 1 */
  addRow(seq: number, id: string, label: string | null, unit: Float32Array): void {
    this.#count++;
    if (!this.#inMemory) {
      return; // the load in progress will read it
    }
    this.rows.add(seq, id, label, unit);
    this.indexer.addRow(seq);
  }

  /** Removes a row that was durably deleted. */
  removeRow(seq: number): void {
    this.#count--;
    if (this.rows.remove(seq) && this.#inMemory) {
      this.indexer.removeRow(seq);
    }
  }

  /** Makes all pending and future work on the collection fail with `error`. */
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
          ? [`${Math.abs(missing)} ${missing > 0 ? 'have no vector' : 'are missing from its index'}`]
          : []),
      ];
      throw createDamagedError([
        `Collection ${this.row.name}: of ${this.#count} items, ${problems.join(' and ')}.`,
      ]);
    }
    this.#inMemory = true;
    const wrong = await this.indexer.load();
    if (wrong !== null) {
      onRepair(`Collection ${this.row.name}: the saved graph is rebuilt because ${wrong}.`);
    }
  }
}

/** Scales a stored vector to length 1. @returns null when it is damaged */
function toUnitVector(row: LoadedRow, dimension: number): Float32Array | null {
  const vector = unpackVector(row.vector, dimension, row);
  if (vector === null || !isUsable(vector)) {
    return null;
  }
  return normalise(vector, dimension);
}

/** Only finite vectors that are not all zeros are ever stored. */
const isUsable = (vector: Float32Array) => vector.every(Number.isFinite) && vector.some((x) => x !== 0);

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** @throws PawdexError `invalid_request` */
export function checkCollectionSpec(spec: CollectionSpec): void {
  if (!NAME.test(spec.name)) {
    throw new PawdexError('invalid_request', {
      detail: 'A collection name has 1-64 letters, digits, - or _, and starts with a letter or digit.',
    });
  }
  if (!Number.isInteger(spec.dimension) || spec.dimension < 1 || spec.dimension > MAX_DIMENSION) {
    throw new PawdexError('invalid_request', { detail: `The dimension must be 1-${MAX_DIMENSION}.` });
  }
}
