/** The store inside its thread: which collections there are, and the work between calls. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asPawdexError, PawdexError } from '../../errors.js';
import type { CollectionInfo, CollectionPatch, CollectionSpec, StoreStats } from '../store.js';
import { checkRecall } from './check-recall.js';
import { Collection } from './collection.js';
import { type GraphLibrary, loadGraphLibrary } from './graph/graph.js';
import { Snapshot } from './graph/graph-snapshot.js';
import { type CollectionRow, Collections } from './sqlite/collection-table.js';
import { type OpenedDatabase, openDatabase } from './sqlite/database.js';
import { Items } from './sqlite/item-table.js';
import { KeptSnapshots } from './sqlite/kept-snapshots.js';
import { Ledger } from './sqlite/ledger.js';
import { salvage } from './sqlite/salvage.js';
import { compareCounts, compareWithLastKnown, type PageCheck, startPageCheck } from './sqlite/soundness.js';
import type { Db } from './sqlite/sqlite.js';
import { createDamagedError, readBytes, toStorageError } from './sqlite/storage-error.js';
import { EXPECTED_FOR_MS, runSoon } from './turns.js';
import { MAX_DIMENSION } from './vectors/arena.js';

/** What the worker is opened with. */
export interface CoreOptions {
  dataDir: string;
  /** Module name of hnswlib-node. */
  graphLibrary: string;
  /** Goes on with what can still be read of a damaged database. */
  acceptDamage?: boolean;
  /** Snapshots kept. */
  keepSnapshots?: number;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const GRAPH_FOLDER = 'graphs';
/** Milliseconds of background work in one go while calls come in, and while none do. */
const [BUSY_MS, QUIET_MS] = [3, 20];
const TICK_MS = 1000;
/** Milliseconds that a start waits for the check of all pages, which then goes on while the store answers. */
const CHECK_MS = 5000;
/** Milliseconds between two writes of what is known of the store beside its database. */
const LEDGER_MS = 5000;

export class Core {
  readonly items: Items;
  readonly db: Db;
  readonly snapshots: KeptSnapshots;
  readonly #opened: OpenedDatabase;
  readonly #ledger: Ledger;
  readonly #dataDir: string;
  readonly #statements: Collections;
  readonly #collections = new Map<string, Collection>();
  readonly #library: GraphLibrary | null;
  readonly #graphUnavailable: string | null;
  readonly #repairs: string[] = [];
  readonly #pages: PageCheck;
  readonly #soundness: Promise<void>;
  readonly #ticking: NodeJS.Timeout;
  #damage: PawdexError | null = null;
  #onDamage: (error: PawdexError) => void = () => {};
  #isChecked = false;
  #isLiveCopy = false;
  #notedAt = 0;
  #scheduled = false;
  #closed = false;
  #calledAt = 0;

  /** @throws PawdexError `data_damaged` for what is seen at once; see {@link ready} for the rest */
  constructor(options: CoreOptions) {
    this.#dataDir = options.dataDir;
    if (options.acceptDamage) {
      this.#repairs.push(...salvage(options.dataDir));
    }
    this.#opened = openDatabase(options.dataDir);
    this.db = this.#opened.db;
    try {
      this.#ledger = new Ledger(this.db);
      this.items = new Items(this.db, this.#ledger);
      this.snapshots = new KeptSnapshots(this.db, this.#opened.isShared, options.keepSnapshots ?? 1);
      this.#statements = new Collections(this.db, this.#ledger, this.items);
      this.#compare();
      const loaded = loadGraphLibrary(options.graphLibrary);
      this.#library = 'library' in loaded ? loaded.library : null;
      this.#graphUnavailable = 'library' in loaded ? null : loaded.unavailable;
      for (const row of this.#statements.all()) {
        this.#open(row);
      }
    } catch (error) {
      for (const collection of this.#collections.values()) {
        collection.end(new PawdexError('shutting_down'));
      }
      this.#opened.close();
      throw error;
    }
    this.#pages = startPageCheck(this.db, this.#opened.isShared, this.#isLiveCopy ? 'full' : 'quick');
    this.#soundness = this.#awaitSoundness();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.wake();
  }

  /**
   * Resolves when every collection is in memory and all pages are checked, or as many as can be within some seconds;
   * pages of a directory that was copied while it was in use are all checked.
   *
   * @throws PawdexError `data_damaged`
   */
  async ready(): Promise<void> {
    await Promise.all([...this.#collections.values()].map(({ loaded }) => loaded.catch(() => {})));
    const limit = new AbortController();
    const timeout = sleep(CHECK_MS, undefined, { signal: limit.signal }).catch(() => {});
    await (this.#isLiveCopy ? this.#soundness : Promise.race([this.#soundness, timeout]));
    limit.abort();
    this.checkDamage();
  }

  /** Throws when damage has been found: what is left is not answered from. */
  checkDamage(): void {
    if (this.#damage !== null) {
      throw this.#damage;
    }
  }

  /** Rejects when damage is found, at once if it has been. */
  watchDamage(): Promise<never> {
    return new Promise((_, reject) => {
      if (this.#damage !== null) {
        reject(this.#damage);
      } else {
        this.#onDamage = reject;
      }
    });
  }

  /** Notes damage; the first that is found is what is said. */
  damaged(error: PawdexError): void {
    if (this.#damage !== null || this.#closed) {
      return;
    }
    this.#damage = error;
    this.#onDamage(error);
  }

  /** @throws PawdexError `collection_not_found` */
  collection(name: string): Collection {
    const collection = this.#collections.get(name);
    if (collection === undefined) {
      throw new PawdexError('collection_not_found', { detail: `There is no collection ${name}.` });
    }
    return collection;
  }

  list(): CollectionInfo[] {
    return [...this.#collections.values()].map(({ info }) => info).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  create(spec: CollectionSpec): CollectionInfo {
    if (!NAME.test(spec.name)) {
      throw new PawdexError('invalid_request', {
        detail: 'A collection name has 1-64 letters, digits, - or _, and starts with a letter or digit.',
      });
    }
    if (!Number.isInteger(spec.dimension) || spec.dimension < 1 || spec.dimension > MAX_DIMENSION) {
      throw new PawdexError('invalid_request', { detail: `The dimension must be 1-${MAX_DIMENSION}.` });
    }
    const row = this.#statements.create(spec);
    if (row === null) {
      throw new PawdexError('collection_exists', { detail: `There is a collection ${spec.name} already.` });
    }
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
    const diskBytes = readBytes(this.#dataDir) + readBytes(path.join(this.#dataDir, GRAPH_FOLDER));
    const recalls = this.list().flatMap(({ index }) => index.sampledRecall ?? []);
    return {
      diskBytes,
      graphUnavailable: this.#graphUnavailable,
      sampledRecall: recalls.length === 0 ? null : Math.min(...recalls),
      repairs: [...this.#repairs],
      damage: this.#damage === null ? [] : [this.#damage.message],
    };
  }

  /** Notes a call, to which background work gives way for a while. */
  called(): void {
    this.#calledAt = performance.now();
  }

  /** Starts background work if there is some. */
  wake(): void {
    if (this.#scheduled || this.#closed) {
      return;
    }
    this.#scheduled = true;
    runSoon(() => {
      this.#scheduled = false;
      if (!this.#closed && this.#work()) {
        this.wake();
      }
    });
  }

  /** Saves the graphs and closes the files; no call may be under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticking);
    for (const collection of this.#collections.values()) {
      collection.end(new PawdexError('shutting_down'));
    }
    for (const collection of this.#collections.values()) {
      await collection.loaded.catch(() => {});
      await collection.indexer.close();
    }
    await Promise.all([this.#pages.stop(), this.snapshots.settle()]);
    // Not of a directory that was not wholly looked at: what is known of it stays what it was.
    if (this.#damage === null) {
      await this.#note(this.#isLiveCopy && !this.#isChecked).catch(() => {});
    }
    this.#opened.close();
  }

  /** @throws PawdexError `data_damaged` */
  #compare(): void {
    const { findings, isLiveCopy } = compareWithLastKnown(this.db, this.#ledger);
    this.#isLiveCopy = isLiveCopy;
    findings.push(...compareCounts(this.db, this.#ledger));
    if (findings.length > 0) {
      throw createDamagedError(findings);
    }
  }

  async #awaitSoundness(): Promise<void> {
    try {
      const findings = await this.#pages.done;
      if (findings.length > 0) {
        this.damaged(createDamagedError(findings));
      } else if (!this.#closed) {
        this.#isChecked = true;
      }
    } catch (error) {
      this.#repairs.push(`The pages of the database could not be checked (${error}).`);
    }
    if (this.#isChecked && this.#isLiveCopy) {
      this.#repairs.push(
        'The data directory was copied while a pawdex was using it; a full check found nothing wrong.',
      );
    }
  }

  /** Writes what is known of the store beside its database. */
  async #note(open: boolean): Promise<void> {
    this.#notedAt = performance.now();
    const collections = [...this.#collections.values()].map(({ row, count }) => ({
      name: row.name,
      items: count,
    }));
    await this.#ledger.write(open, collections);
  }

  #open(row: CollectionRow): Collection {
    const snapshot = new Snapshot(path.join(this.#dataDir, GRAPH_FOLDER), row.id);
    const repaired = (sentence: string) => this.#repairs.push(sentence);
    const collection = new Collection(row, this.items, this.#library, snapshot, repaired);
    this.#collections.set(row.name, collection);
    collection.loaded.then(
      () => this.wake(),
      (error) => {
        const coded = asPawdexError(toStorageError(error));
        if (coded.code === 'data_damaged') {
          this.damaged(coded);
        }
      },
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
      while (this.items.values.step() && performance.now() < until) {
        more = true;
      }
      return this.#statements.clear() || more;
    } catch {
      return more; // The disk is full or failing: what is left is cleared later, or at the next start.
    }
  }

  #tick(): void {
    const isKnown = this.#damage === null && (this.#isChecked || !this.#isLiveCopy);
    // On a full disk the file says less than is true, which does no harm.
    if (isKnown && performance.now() - this.#notedAt > LEDGER_MS) {
      this.#note(true).catch(() => {});
    }
    for (const collection of this.#collections.values()) {
      collection.indexer.saveWhenDue();
      checkRecall(collection, (sentence) => this.#repairs.push(sentence)).catch((error) => {
        this.#repairs.push(`Collection ${collection.row.name}: its graph could not be checked (${error}).`);
      });
    }
    this.wake();
  }
}
