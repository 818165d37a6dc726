/** A collection in the worker: its description, its rows in memory and its graph. */
import { PawdexError } from '../../errors.js';
import { PLAIN_NAME } from '../records.js';
import type { CollectionInfo, Reembedding, Space } from '../store.js';
import type { GraphLibrary } from './graph/graph.js';
import type { GraphFile } from './graph/graph-file.js';
import { Indexer } from './graph/indexer.js';
import type { CollectionRow } from './sqlite/collection-row.js';
import type { LoadedRow } from './sqlite/item-row.js';
import type { ItemTable } from './sqlite/item-table.js';
import { createDamagedError } from './sqlite/storage-error.js';
import { unpackVector } from './sqlite/stored-vector.js';
import { EXPECTED_FOR_MS, TimeSlice } from './time-slice.js';
import { MAX_DIMENSION } from './vectors/arena.js';
import { Rows } from './vectors/rows.js';
import { toUnitVector } from './vectors/unit-vector.js';

/** Rows read from the database in one go: about a millisecond. */
const LOAD_PAGE = 256;

export class Collection {
  readonly #items: ItemTable;
  readonly id: number;
  readonly rows: Rows;
  readonly indexer: Indexer;
  /** Resolves when every row is in memory; searches wait for it. */
  readonly loaded: Promise<void>;
  row: CollectionRow;
  /** Other names of the collection. */
  aliases: string[] = [];
  /** The embedding space that it is moving to, or null. */
  reembedding: Reembedding | null = null;
  /** The same collection with the vectors of the new space, while it is being prepared to replace this one. */
  successor: Collection | null = null;
  /** Whether rows may lack a vector, as in a {@link successor}. */
  readonly #isPartial: boolean;
  #count: number;
  #isLoaded = false;
  #gone: PawdexError | null = null;
  #searchedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param library see {@link Indexer}
   * @param onNotice called with a sentence about anything found damaged
   * @param isPartial whether items may lack their vector
   */
  constructor(
    row: CollectionRow,
    items: ItemTable,
    library: GraphLibrary | null,
    graphFile: GraphFile,
    onNotice: (sentence: string) => void,
    isPartial = false,
  ) {
    this.#items = items;
    this.id = row.id;
    this.row = row;
    this.#isPartial = isPartial;
    this.rows = new Rows(row.dimension);
    this.indexer = new Indexer(this.rows, library, graphFile);
    this.#count = items.count(row.id);
    this.loaded = this.#load(onNotice);
    // Callers that need the rows await `loaded` and get the error. Without a caller it must not end the process.
    this.loaded.catch(() => {});
  }

  get info(): CollectionInfo {
    const { name, dimension, fingerprint, model, description, gallery, calibration } = this.row;
    const { aliases, reembedding } = this;
    return {
      name,
      dimension,
      fingerprint,
      model,
      gallery,
      count: this.#count,
      createdAt: this.row.created_at,
      aliases,
      originals: this.row.originals,
      reembedding,
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
    return this.#isLoaded;
  }

  /** Whether the collection has been deleted or the store closed. */
  get isGone(): boolean {
    return this.#gone !== null;
  }

  /** Throws when the collection has been deleted or the store closed while the caller was waiting. */
  throwIfGone(): void {
    if (this.#gone !== null) {
      throw this.#gone;
    }
  }

  /** @throws PawdexError space_changed if the collection is not in that space */
  requireSpace(space: string | undefined): void {
    if (space !== undefined && space !== this.row.fingerprint) {
      throw new PawdexError('space_changed');
    }
  }

  recordSearch(): void {
    this.#searchedAt = performance.now();
  }

  /** Whether puts should wait: the collection is being searched, and rows missing from the graph slow searches down. */
  get shouldDelayPuts(): boolean {
    return this.indexer.isBehind && performance.now() - this.#searchedAt < EXPECTED_FOR_MS;
  }

  /**
   * Records a row that is now durable.
   *
   * @param unit float32 [dimension] of length 1
   * @param successorUnit the same in the space of {@link successor}, if it has one
   */
  addRow(
    { seq, id, label }: { seq: number; id: string; label: string | null },
    unit: Float32Array,
    successorUnit: Float32Array | null = null,
  ): void {
    this.#count++;
    if (successorUnit !== null) {
      this.successor?.addRow({ seq, id, label }, successorUnit);
    }
    if (!this.#isLoaded) {
      return; // the load in progress will read it
    }
    this.rows.add(seq, id, label, unit);
    this.indexer.addRow(seq);
  }

  /** Records that a row was durably deleted. */
  removeRow(seq: number): void {
    this.successor?.removeRow(seq);
    this.#count--;
    if (this.rows.remove(seq) && this.#isLoaded) {
      this.indexer.removeRow(seq);
    }
  }

  /** Records that a row's label was durably changed. */
  relabelRow(seq: number, label: string | null): void {
    this.rows.relabel(seq, label);
    this.successor?.rows.relabel(seq, label);
  }

  /** Makes all pending and future work on the collection fail with `error`. */
  end(error: PawdexError): void {
    this.#gone = error;
    this.successor?.end(error);
  }

  /** Releases the memory and files of a collection that has ended. */
  async release(): Promise<void> {
    await this.loaded.catch(() => {});
    this.rows.release();
    await this.indexer.remove();
    await this.successor?.release();
  }

  /** Drops {@link successor} with its rows and graph. */
  dropSuccessor(error: PawdexError): void {
    const { successor } = this;
    this.successor = null;
    successor?.end(error);
    void successor?.release();
  }

  /** Replaces the collection whose {@link successor} it was. */
  replace(former: Collection, row: CollectionRow): void {
    this.row = row;
    this.aliases = former.aliases;
    this.#count = former.count;
    former.successor = null;
  }

  async #load(onNotice: (sentence: string) => void): Promise<void> {
    const slice = new TimeSlice();
    let after = 0;
    let damaged = 0;
    for (;;) {
      await slice.yield();
      this.throwIfGone();
      const page = this.#items.load(this.row, after, LOAD_PAGE);
      for (const row of page) {
        const unit = readUnitVector(row, this.rows.dimension);
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
    const missing = this.#isPartial ? 0 : this.#count - this.rows.count - damaged;
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
    this.#isLoaded = true;
    const problem = await this.indexer.load();
    if (problem !== null) {
      onNotice(`Collection ${this.row.name}: the saved graph is rebuilt because ${problem}.`);
    }
  }
}

/** Scales a stored vector to length 1. Returns null if it is damaged. */
function readUnitVector(row: LoadedRow, dimension: number): Float32Array | null {
  const vector = unpackVector(row.vector, dimension, row);
  try {
    return vector && toUnitVector(vector, dimension);
  } catch {
    // Stored vectors are always finite and not all zeros.
    return null;
  }
}

/** @throws PawdexError invalid_request */
export function checkDimension({ dimension }: Pick<Space, 'dimension'>): void {
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > MAX_DIMENSION) {
    throw new PawdexError('invalid_request', { detail: `The dimension must be 1-${MAX_DIMENSION}.` });
  }
}

/** @throws PawdexError invalid_request */
export function checkCollectionName(name: string): void {
  if (!PLAIN_NAME.test(name)) {
    throw new PawdexError('invalid_request', {
      detail: 'A collection name has 1-64 letters, digits, - or _, and starts with a letter or digit.',
    });
  }
}
