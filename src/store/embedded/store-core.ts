/** The store inside its thread: its settings, and the background work between calls. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PawdexError } from '../../errors.js';
import type { StoreStats } from '../store.js';
import { checkRecall } from './check-recall.js';
import { CollectionRegistry } from './collection-registry.js';
import { DamageWatch } from './damage-watch.js';
import { loadGraphLibrary } from './graph/graph.js';
import { PutWriter } from './put-writer.js';
import { CollectionTable } from './sqlite/collection-table.js';
import { findDamagedCollections, formatDamagedCollections } from './sqlite/damaged-rows.js';
import { createWriteCheck, type OpenedDatabase, openDatabase } from './sqlite/database.js';
import { GRAPH_FOLDER } from './sqlite/file-names.js';
import { compareCounts, compareWithLastKnown } from './sqlite/integrity-check.js';
import { ItemTable } from './sqlite/item-table.js';
import { Ledger } from './sqlite/ledger.js';
import { type DatabaseCheck, startCheck } from './sqlite/maintenance-thread.js';
import { ReembeddingTable } from './sqlite/reembedding-table.js';
import { salvage } from './sqlite/salvage.js';
import { SnapshotFolder } from './sqlite/snapshot-folder.js';
import type { Db } from './sqlite/sqlite.js';
import { createDamagedError } from './sqlite/storage-error.js';
import { EXPECTED_FOR_MS, runSoon } from './time-slice.js';

/** Settings of the store's thread. */
export interface CoreOptions {
  dataDir: string;
  /** Module that provides the HNSW graph. Searches are exact if it cannot be loaded. */
  graphLibrary: string;
  /** Continue with the readable part of a damaged data directory; the damaged database is kept next to the new one. */
  acceptDamage: boolean;
  keepSnapshots: number;
}

/** Milliseconds of background work at a time, while calls come in and while none do. */
const [BUSY_MS, QUIET_MS] = [3, 20];
const TICK_MS = 1000;
/** Milliseconds that a start waits for the check of the database, which then continues while the store answers. */
const CHECK_MS = 5000;
/** Milliseconds between two writes of the ledger file. */
const LEDGER_MS = 5000;

export class StoreCore {
  readonly items: ItemTable;
  readonly db: Db;
  readonly snapshots: SnapshotFolder;
  readonly damage = new DamageWatch();
  readonly reembeddings: ReembeddingTable;
  readonly collections: CollectionRegistry;
  readonly writer: PutWriter;
  /** @throws PawdexError storage_full, storage_failed if changes would be lost: see {@link createWriteCheck} */
  readonly checkWritable: () => void;
  readonly #opened: OpenedDatabase;
  readonly #ledger: Ledger;
  readonly #dataDir: string;
  readonly #collectionTable: CollectionTable;
  readonly #graphs: ReturnType<typeof loadGraphLibrary>;
  readonly #notices: string[] = [];
  readonly #check: DatabaseCheck;
  readonly #checkRecorded: Promise<void>;
  readonly #ticking: NodeJS.Timeout;
  #isChecked = false;
  /** Whether rows of an older format may be left. */
  #hasOlder = true;
  #isLiveCopy = false;
  #writtenAt = 0;
  #isScheduled = false;
  #isClosed = false;
  #calledAt = 0;

  /** @throws PawdexError data_damaged if damage is found immediately; {@link ready} reports what is found later */
  constructor(options: CoreOptions) {
    this.#dataDir = options.dataDir;
    if (options.acceptDamage) {
      this.#notices.push(...salvage(options.dataDir));
    }
    this.#opened = openDatabase(options.dataDir);
    this.db = this.#opened.db;
    try {
      this.#ledger = new Ledger(this.db);
      this.items = new ItemTable(this.db, this.#ledger);
      this.writer = new PutWriter(this.db, this.items);
      this.checkWritable = createWriteCheck(this.db);
      this.snapshots = new SnapshotFolder(this.db, this.#opened.isShared, options.keepSnapshots);
      this.#collectionTable = new CollectionTable(this.db, this.#ledger, this.items);
      this.reembeddings = new ReembeddingTable(this.db, this.#ledger, this.#collectionTable);
      this.#compareWithLedger();
      this.#graphs = loadGraphLibrary(options.graphLibrary);
      this.collections = this.#openCollections();
    } catch (error) {
      this.#opened.close();
      throw error;
    }
    this.#check = startCheck(this.db, this.#opened.isShared, this.#isLiveCopy ? 'full' : 'quick');
    this.#checkRecorded = this.#awaitCheck();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.wake();
  }

  #openCollections(): CollectionRegistry {
    return new CollectionRegistry({
      items: this.items,
      collections: this.#collectionTable,
      reembeddings: this.reembeddings,
      graphs: this.#graphs.library,
      graphFolder: path.join(this.#dataDir, GRAPH_FOLDER),
      wake: () => this.wake(),
      onNotice: (sentence) => this.#notices.push(sentence),
      onDamage: (error) => this.recordDamage(error),
    });
  }

  /**
   * Resolves when every collection is in memory and the database is checked, but waits for that check
   * only a few seconds unless the directory was copied while in use.
   *
   * @throws PawdexError data_damaged
   */
  async ready(): Promise<void> {
    await Promise.all(this.collections.all.map(({ loaded }) => loaded.catch(() => {})));
    const limit = new AbortController();
    const timeout = sleep(CHECK_MS, undefined, { signal: limit.signal }).catch(() => {});
    await (this.#isLiveCopy ? this.#checkRecorded : Promise.race([this.#checkRecorded, timeout]));
    limit.abort();
    this.damage.throwIfDamaged();
  }

  /** Records damage, unless the store is being closed. */
  recordDamage(error: PawdexError): void {
    if (!this.#isClosed) {
      this.damage.record(error);
    }
  }

  stats(): StoreStats {
    const diskBytes = sumFileSizes(this.#dataDir) + sumFileSizes(path.join(this.#dataDir, GRAPH_FOLDER));
    const recalls = this.collections.list().flatMap(({ index }) => index.sampledRecall ?? []);
    return {
      diskBytes,
      graphUnavailable: this.#graphs.unavailable,
      sampledRecall: recalls.length === 0 ? null : Math.min(...recalls),
      notices: [...this.#notices],
      damagedPictures: this.items.thumbnails.damaged + this.items.originals.damaged,
      damage: this.damage.error === null ? [] : [this.damage.error.message],
    };
  }

  /** Records a call; background work takes smaller steps for a while. */
  recordCall(): void {
    this.#calledAt = performance.now();
  }

  /** Starts background work if there is any. */
  wake(): void {
    if (this.#isScheduled || this.#isClosed) {
      return;
    }
    this.#isScheduled = true;
    runSoon(() => {
      this.#isScheduled = false;
      if (!this.#isClosed && this.#runStep()) {
        this.wake();
      }
    });
  }

  /** Saves the graphs and closes the files. No call may be in progress. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#ticking);
    this.collections.end(new PawdexError('shutting_down'));
    for (const collection of this.collections.all) {
      await collection.loaded.catch(() => {});
      await collection.indexer.close();
    }
    await Promise.all([this.#check.stop(), this.snapshots.settle()]);
    // Keep the recorded state of a directory that was not fully checked.
    if (this.damage.error === null) {
      await this.#writeLedger(this.#isLiveCopy && !this.#isChecked).catch(() => {});
    }
    this.#opened.close();
  }

  /** @throws PawdexError data_damaged */
  #compareWithLedger(): void {
    const { findings, isLiveCopy } = compareWithLastKnown(this.db, this.#ledger);
    this.#isLiveCopy = isLiveCopy;
    findings.push(
      ...compareCounts(this.db, this.#ledger),
      ...formatDamagedCollections(findDamagedCollections(this.db)),
    );
    if (findings.length > 0) {
      throw createDamagedError(findings);
    }
  }

  async #awaitCheck(): Promise<void> {
    try {
      const findings = await this.#check.done;
      if (findings.length > 0) {
        this.recordDamage(createDamagedError(findings));
      } else if (!this.#isClosed) {
        this.#isChecked = true;
      }
    } catch (error) {
      this.#notices.push(`The database could not be checked (${error}).`);
    }
    if (this.#isChecked && this.#isLiveCopy) {
      this.#notices.push(
        'The data directory was copied while pawdex was using it; a full check found nothing wrong.',
      );
    }
  }

  /** Writes the ledger file. */
  async #writeLedger(isOpen: boolean): Promise<void> {
    this.#writtenAt = performance.now();
    const collections = this.collections.all.map(({ row, count }) => ({
      name: row.name,
      items: count,
    }));
    await this.#ledger.write(isOpen, collections);
  }

  /** Does some background work. Returns whether there is more. */
  #runStep(): boolean {
    const isQuiet = performance.now() - this.#calledAt > EXPECTED_FOR_MS;
    const until = performance.now() + (isQuiet ? QUIET_MS : BUSY_MS);
    const hasGraphWork = this.#stepGraphs(until);
    try {
      this.#upgradeOlderItems(until);
      return (
        this.#collectionTable.removeDroppedItems() ||
        this.reembeddings.removeUnusedVectors() ||
        hasGraphWork ||
        this.#hasOlder
      );
    } catch {
      return hasGraphWork; // The disk is full or failing. The rest is removed later, or after the next start.
    }
  }

  #stepGraphs(until: number): boolean {
    let hasMore = false;
    const collections = this.collections.all.flatMap((current) => [current, current.successor ?? []].flat());
    for (const collection of collections) {
      try {
        hasMore = collection.indexer.step(until) || hasMore;
      } catch (error) {
        collection.indexer.giveUp();
        this.#notices.push(
          `Collection ${collection.row.name}: its graph failed and is no longer used (${error}).`,
        );
      }
    }
    return hasMore;
  }

  #upgradeOlderItems(until: number): void {
    if (!this.#hasOlder) {
      return;
    }
    this.#collectionTable.addMissingChecksums();
    do {
      this.#hasOlder = this.items.upgradeOlderItems();
    } while (this.#hasOlder && performance.now() < until);
  }

  #tick(): void {
    const isKnown = this.damage.error === null && (this.#isChecked || !this.#isLiveCopy);
    // On a full disk the file stays out of date, which does no harm.
    if (isKnown && performance.now() - this.#writtenAt > LEDGER_MS) {
      this.#writeLedger(true).catch(() => {});
    }
    for (const collection of this.collections.all) {
      collection.indexer.saveWhenDue();
      checkRecall(collection, (sentence) => this.#notices.push(sentence)).catch((error) => {
        this.#notices.push(`Collection ${collection.row.name}: its graph could not be checked (${error}).`);
      });
    }
    this.wake();
  }
}

/** Sums the size of the files in a folder, without sub-folders; 0 if the folder does not exist. */
function sumFileSizes(folder: string): number {
  let bytes = 0;
  for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    // The file may have been replaced since the folder was read.
    if (entry.isFile()) {
      bytes += statSync(path.join(folder, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return bytes;
}
