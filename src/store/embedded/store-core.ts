/** The store inside its thread: its collections, and the background work between calls. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asPawdexError, PawdexError } from '../../errors.js';
import type { CollectionInfo, CollectionPatch, CollectionSpec, Space, StoreStats } from '../store.js';
import { checkRecall } from './check-recall.js';
import { Collection, checkCollectionName, checkCollectionSpec } from './collection.js';
import { DamageWatch } from './damage-watch.js';
import { loadGraphLibrary } from './graph/graph.js';
import { GraphSnapshot } from './graph/graph-snapshot.js';
import { type CollectionRow, CollectionTable } from './sqlite/collection-table.js';
import { type OpenedDatabase, openDatabase } from './sqlite/database.js';
import { ItemTable } from './sqlite/item-table.js';
import { KeptSnapshots } from './sqlite/kept-snapshots.js';
import { Ledger } from './sqlite/ledger.js';
import { Reembeddings } from './sqlite/reembedding-table.js';
import { salvage } from './sqlite/salvage.js';
import { compareCounts, compareWithLastKnown, type PageCheck, startPageCheck } from './sqlite/soundness.js';
import type { Db } from './sqlite/sqlite.js';
import { createDamagedError, readBytes, toStorageError } from './sqlite/storage-error.js';
import { EXPECTED_FOR_MS, runSoon } from './turns.js';

/** Settings of the store's thread. */
export interface CoreOptions {
  dataDir: string;
  /** Module name of hnswlib-node. */
  graphLibrary: string;
  /** Continue with the readable part of a damaged database. */
  acceptDamage?: boolean;
  /** Number of snapshots to keep. */
  keepSnapshots?: number;
}

const GRAPH_FOLDER = 'graphs';
/** Milliseconds of background work at a time, while calls come in and while none do. */
const [BUSY_MS, QUIET_MS] = [3, 20];
const TICK_MS = 1000;
/** Milliseconds that a start waits for the check of all pages, which then continues while the store answers. */
const CHECK_MS = 5000;
/** Milliseconds between two writes of the ledger file. */
const LEDGER_MS = 5000;

export class StoreCore {
  readonly items: ItemTable;
  readonly db: Db;
  readonly snapshots: KeptSnapshots;
  readonly damage = new DamageWatch();
  readonly reembeddings: Reembeddings;
  readonly #opened: OpenedDatabase;
  readonly #ledger: Ledger;
  readonly #dataDir: string;
  readonly #statements: CollectionTable;
  readonly #collections = new Map<string, Collection>();
  readonly #aliases = new Map<string, Collection>();
  readonly #graphs: ReturnType<typeof loadGraphLibrary>;
  readonly #repairs: string[] = [];
  readonly #pages: PageCheck;
  readonly #soundness: Promise<void>;
  readonly #ticking: NodeJS.Timeout;
  #isChecked = false;
  #isLiveCopy = false;
  #notedAt = 0;
  #scheduled = false;
  #closed = false;
  #calledAt = 0;

  /** @throws PawdexError `data_damaged` if damage is found immediately; {@link ready} reports what is found later */
  constructor(options: CoreOptions) {
    this.#dataDir = options.dataDir;
    if (options.acceptDamage) {
      this.#repairs.push(...salvage(options.dataDir));
    }
    this.#opened = openDatabase(options.dataDir);
    this.db = this.#opened.db;
    try {
      this.#ledger = new Ledger(this.db);
      this.items = new ItemTable(this.db, this.#ledger);
      this.snapshots = new KeptSnapshots(this.db, this.#opened.isShared, options.keepSnapshots ?? 1);
      this.#statements = new CollectionTable(this.db, this.#ledger, this.items);
      this.reembeddings = new Reembeddings(this.db, this.#ledger, this.#statements);
      this.#compareWithLedger();
      this.#graphs = loadGraphLibrary(options.graphLibrary);
      for (const row of this.#statements.list()) {
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
   * Resolves when every collection is in memory and the pages of the database are checked, but waits for that check
   * only a few seconds unless the directory was copied while in use.
   *
   * @throws PawdexError `data_damaged`
   */
  async ready(): Promise<void> {
    await Promise.all([...this.#collections.values()].map(({ loaded }) => loaded.catch(() => {})));
    const limit = new AbortController();
    const timeout = sleep(CHECK_MS, undefined, { signal: limit.signal }).catch(() => {});
    await (this.#isLiveCopy ? this.#soundness : Promise.race([this.#soundness, timeout]));
    limit.abort();
    this.damage.check();
  }

  /** Records damage, unless the store is being closed. */
  recordDamage(error: PawdexError): void {
    if (!this.#closed) {
      this.damage.record(error);
    }
  }

  /** @throws PawdexError `collection_not_found` */
  getCollection(name: string): Collection {
    const collection = this.#collections.get(name) ?? this.#aliases.get(name);
    if (collection === undefined) {
      throw new PawdexError('collection_not_found', { detail: `There is no collection ${name}.` });
    }
    return collection;
  }

  list(): CollectionInfo[] {
    return [...this.#collections.values()].map(({ info }) => info).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  create(spec: CollectionSpec): CollectionInfo {
    checkCollectionSpec(spec);
    this.#requireFree(spec.name);
    return this.#open(this.#statements.create(spec)).info;
  }

  update(name: string, patch: CollectionPatch): CollectionInfo {
    const collection = this.getCollection(name);
    const { name: former } = collection.row;
    for (const other of [patch.name ?? [], patch.aliases ?? []].flat()) {
      this.#requireFree(other, collection);
    }
    const names = [patch.name ?? former, ...(patch.aliases ?? collection.aliases)];
    if (new Set(names).size < names.length) {
      throw new PawdexError('collection_exists', { detail: 'The names and aliases are not all different.' });
    }
    collection.row = this.#statements.update(collection.row, patch);
    this.#collections.delete(former);
    this.#collections.set(collection.row.name, collection);
    this.#readAliases(collection);
    return collection.info;
  }

  /** @throws PawdexError `invalid_request`; `collection_exists` when another collection has the name */
  #requireFree(name: string, self?: Collection): void {
    checkCollectionName(name);
    const owner = this.#collections.get(name) ?? this.#aliases.get(name);
    if (owner !== undefined && owner !== self) {
      throw new PawdexError('collection_exists', {
        detail: `There is a collection ${owner.row.name === name ? name : `${owner.row.name} with the alias ${name}`} already.`,
      });
    }
  }

  #readAliases(collection: Collection): void {
    for (const alias of collection.aliases) {
      this.#aliases.delete(alias);
    }
    collection.aliases = this.#statements.aliases(collection.id);
    for (const alias of collection.aliases) {
      this.#aliases.set(alias, collection);
    }
  }

  async drop(name: string): Promise<void> {
    const collection = this.getCollection(name);
    this.#statements.drop(collection.id);
    this.#collections.delete(collection.row.name);
    for (const alias of collection.aliases) {
      this.#aliases.delete(alias);
    }
    collection.end(new PawdexError('collection_not_found', { detail: `Collection ${name} was deleted.` }));
    this.wake();
    await collection.release();
  }

  /** Begins to read the vectors that will take the place of a collection's, and to build their graph. */
  openNext(collection: Collection, space: Space): Collection {
    const { row } = collection;
    const next = this.#read({ ...row, ...space, vector_sign: -row.vector_sign }, true);
    collection.next = next;
    next.loaded.then(
      () => this.wake(),
      () => {},
    );
    return next;
  }

  /** Moves a collection to its {@link Collection.next}, in one step. */
  swap(collection: Collection, next: Collection): void {
    next.replace(collection, this.reembeddings.swap(collection.row, next.row));
    this.#collections.set(next.row.name, next);
    for (const alias of next.aliases) {
      this.#aliases.set(alias, next);
    }
    collection.end(new PawdexError('space_changed'));
    void collection.release();
    this.wake();
  }

  /** The saved graph of the vectors that a collection does not use at present. */
  nextGraph({ id, vector_sign }: CollectionRow): GraphSnapshot {
    return this.#savedGraph({ id, vector_sign: -vector_sign });
  }

  #savedGraph({ id, vector_sign }: Pick<CollectionRow, 'id' | 'vector_sign'>): GraphSnapshot {
    return new GraphSnapshot(path.join(this.#dataDir, GRAPH_FOLDER), vector_sign === 1 ? `${id}` : `${id}n`);
  }

  stats(): StoreStats {
    const diskBytes = readBytes(this.#dataDir) + readBytes(path.join(this.#dataDir, GRAPH_FOLDER));
    const recalls = this.list().flatMap(({ index }) => index.sampledRecall ?? []);
    return {
      diskBytes,
      graphUnavailable: this.#graphs.unavailable,
      sampledRecall: recalls.length === 0 ? null : Math.min(...recalls),
      repairs: [...this.#repairs],
      damage: this.damage.found === null ? [] : [this.damage.found.message],
    };
  }

  /** Records a call; background work takes smaller steps for a while. */
  noteCall(): void {
    this.#calledAt = performance.now();
  }

  /** Starts background work if there is any. */
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

  /** Saves the graphs and closes the files. No call may be in progress. */
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
    // Keep the recorded state of a directory that was not fully checked.
    if (this.damage.found === null) {
      await this.#writeLedger(this.#isLiveCopy && !this.#isChecked).catch(() => {});
    }
    this.#opened.close();
  }

  /** @throws PawdexError `data_damaged` */
  #compareWithLedger(): void {
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
        this.recordDamage(createDamagedError(findings));
      } else if (!this.#closed) {
        this.#isChecked = true;
      }
    } catch (error) {
      this.#repairs.push(`The pages of the database could not be checked (${error}).`);
    }
    if (this.#isChecked && this.#isLiveCopy) {
      this.#repairs.push(
        'The data directory was copied while pawdex was using it; a full check found nothing wrong.',
      );
    }
  }

  /** Writes the ledger file. */
  async #writeLedger(open: boolean): Promise<void> {
    this.#notedAt = performance.now();
    const collections = [...this.#collections.values()].map(({ row, count }) => ({
      name: row.name,
      items: count,
    }));
    await this.#ledger.write(open, collections);
  }

  #read(row: CollectionRow, isPartial = false): Collection {
    const repaired = (sentence: string) => this.#repairs.push(sentence);
    return new Collection(row, this.items, this.#graphs.library, this.#savedGraph(row), repaired, isPartial);
  }

  #open(row: CollectionRow): Collection {
    const collection = this.#read(row);
    this.#collections.set(row.name, collection);
    collection.reembedding = this.reembeddings.find(row.id);
    this.#readAliases(collection);
    collection.loaded.then(
      () => this.wake(),
      (error) => {
        const coded = asPawdexError(toStorageError(error));
        if (coded.code === 'data_damaged') {
          this.recordDamage(coded);
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
    for (const collection of [...this.#collections.values()].flatMap((each) =>
      [each, each.next ?? []].flat(),
    )) {
      try {
        more = collection.indexer.step(until) || more;
      } catch (error) {
        collection.indexer.giveUp();
        this.#repairs.push(
          `Collection ${collection.row.name}: its graph failed and is no longer used (${error}).`,
        );
      }
    }
    try {
      while (this.items.values.addOlderItems() && performance.now() < until) {
        more = true;
      }
      return this.#statements.clear() || this.reembeddings.clear() || more;
    } catch {
      return more; // The disk is full or failing. The rest is removed later, or after the next start.
    }
  }

  #tick(): void {
    const isKnown = this.damage.found === null && (this.#isChecked || !this.#isLiveCopy);
    // On a full disk the file stays behind, which does no harm.
    if (isKnown && performance.now() - this.#notedAt > LEDGER_MS) {
      this.#writeLedger(true).catch(() => {});
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
