/** The store inside its thread: which collections there are, and the work between calls. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../errors.js';
import type { CollectionInfo, CollectionPatch, CollectionSpec, StoreStats } from '../store.js';
import { MAX_DIMENSION } from './arena.js';
import { Collection } from './collection.js';
import { type CollectionRow, Collections } from './collections.js';
import { type Db, openDatabase } from './database.js';
import { type GraphLibrary, loadGraphLibrary } from './graph.js';
import { Items } from './items.js';
import { Snapshot } from './snapshot.js';
import { EXPECTED_FOR_MS, soon } from './turns.js';

/** What the worker is opened with. */
export interface CoreOptions {
  dataDir: string;
  /** Module name of hnswlib-node. */
  graphLibrary: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const GRAPH_FOLDER = 'graphs';
/** Milliseconds of background work in one go while calls come in, and while none do. */
const [BUSY_MS, QUIET_MS] = [3, 20];
const TICK_MS = 1000;

export class Core {
  readonly items: Items;
  readonly db: Db;
  readonly #dataDir: string;
  readonly #statements: Collections;
  readonly #collections = new Map<string, Collection>();
  readonly #library: GraphLibrary | null;
  readonly #graphUnavailable: string | null;
  readonly #repairs: string[] = [];
  readonly #ticking: NodeJS.Timeout;
  #scheduled = false;
  #closed = false;
  #calledAt = 0;

  constructor(options: CoreOptions) {
    this.#dataDir = options.dataDir;
    this.db = openDatabase(options.dataDir);
    this.items = new Items(this.db);
    this.#statements = new Collections(this.db);
    const loaded = loadGraphLibrary(options.graphLibrary);
    this.#library = 'library' in loaded ? loaded.library : null;
    this.#graphUnavailable = 'library' in loaded ? null : loaded.unavailable;
    for (const row of this.#statements.all()) this.#open(row);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.wake();
  }

  /** @throws PawdexError `collection_not_found` */
  collection(name: string): Collection {
    const collection = this.#collections.get(name);
    if (collection === undefined)
      throw new PawdexError('collection_not_found', { detail: `There is no collection ${name}.` });
    return collection;
  }

  list(): CollectionInfo[] {
    return [...this.#collections.values()].map(({ info }) => info).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  create(spec: CollectionSpec): CollectionInfo {
    if (!NAME.test(spec.name))
      throw new PawdexError('invalid_request', {
        detail: 'A collection name has 1-64 letters, digits, - or _, and starts with a letter or digit.',
      });
    if (!Number.isInteger(spec.dimension) || spec.dimension < 1 || spec.dimension > MAX_DIMENSION)
      throw new PawdexError('invalid_request', { detail: `The dimension must be 1-${MAX_DIMENSION}.` });
    const row = this.#statements.create(spec);
    if (row === null)
      throw new PawdexError('collection_exists', { detail: `There is a collection ${spec.name} already.` });
    return this.#open(row).info;
  }

  update(name: string, patch: CollectionPatch): CollectionInfo {
    const collection = this.collection(name);
    collection.row = this.#statements.update(collection.row, patch);
    return collection.info;
  }

  async drop(name: string): Promise<void> {
    const collection = this.collection(name);
    this.#statements.drop(collection.id);
    this.#collections.delete(name);
    collection.end(new PawdexError('collection_not_found', { detail: `Collection ${name} was deleted.` }));
    this.wake();
    await collection.loaded.catch(() => {});
    collection.rows.release();
    await collection.indexer.remove();
  }

  stats(): StoreStats {
    let diskBytes = 0;
    for (const folder of [this.#dataDir, path.join(this.#dataDir, GRAPH_FOLDER)])
      for (const entry of readFolder(folder)) if (entry.isFile()) diskBytes += sizeOf(folder, entry.name);
    return { diskBytes, graphUnavailable: this.#graphUnavailable, repairs: [...this.#repairs] };
  }

  /** Notes a call, to which background work gives way for a while. */
  called(): void {
    this.#calledAt = performance.now();
  }

  /** Starts background work if there is some. */
  wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    soon(() => {
      this.#scheduled = false;
      if (!this.#closed && this.#work()) this.wake();
    });
  }

  /** Saves the graphs and closes the files; no call may be under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticking);
    for (const collection of this.#collections.values()) collection.end(new PawdexError('shutting_down'));
    for (const collection of this.#collections.values()) {
      await collection.loaded.catch(() => {});
      await collection.indexer.close();
    }
    this.db.close();
  }

  #open(row: CollectionRow): Collection {
    const snapshot = new Snapshot(path.join(this.#dataDir, GRAPH_FOLDER), row.id);
    const repaired = (sentence: string) => this.#repairs.push(sentence);
    const collection = new Collection(row, this.items, this.#library, snapshot, repaired);
    this.#collections.set(row.name, collection);
    collection.loaded.then(
      () => this.wake(),
      () => {},
    );
    return collection;
  }

  /** @returns whether there is more to do */
  #work(): boolean {
    const quiet = performance.now() - this.#calledAt > EXPECTED_FOR_MS;
    const until = performance.now() + (quiet ? QUIET_MS : BUSY_MS);
    let more = false;
    for (const collection of this.#collections.values()) {
      try {
        more = collection.indexer.step(until) || more;
      } catch (error) {
        collection.indexer.giveUp();
        this.#repairs.push(`Collection ${collection.row.name}: its graph was given up (${error}).`);
      }
    }
    try {
      return this.#statements.clear() || more;
    } catch {
      return more; // The disk is full or failing: what is left is cleared later, or at the next start.
    }
  }

  #tick(): void {
    for (const { indexer } of this.#collections.values()) indexer.saveWhenDue();
    this.wake();
  }
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // Before the first snapshot there is no folder of graphs.
  }
}

/** 0 for a file that was just replaced by another. */
function sizeOf(folder: string, name: string): number {
  return statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
}
