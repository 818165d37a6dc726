/**
 * Manages the graph of a collection: starts it when the collection is large enough, fills it in the background,
 * rebuilds it when too many nodes are deleted or its recall is too low, saves it from time to time, and loads it at
 * start.
 */
import { shuffle } from '../../../math/random.js';
import type { IndexState } from '../../store.js';
import type { Rows } from '../vectors/rows.js';
import { GRAPH_SETTINGS, Graph, type GraphLibrary, type GraphSettings } from './graph.js';
import type { GraphFile } from './graph-file.js';
import { RecallChecks } from './recall-checks.js';
import { reconcileRows } from './reconcile-rows.js';
import { StagedGraph } from './staged-graph.js';

/** Below this many rows an exact scan is as fast as a graph (measured, see docs/store.md). */
const MIN_ROWS = 1000;
/** Share of deleted nodes at which the graph is rebuilt. */
const MAX_DELETED = 0.2;
/** Maximum number of rows that should wait for the graph. Each search scans them, in 0.2 ms. */
const MAX_BACKLOG = 4096;
/** A graph that lacks more than this share of the rows is reported as being built. */
const BUILDING_SHARE = 0.1;
/** Milliseconds without a change after which a changed graph is saved. */
const IDLE_MS = 5000;
/** Milliseconds before saving is tried again after a failure. */
const RETRY_MS = 60_000;

export class Indexer {
  readonly #rows: Rows;
  readonly #library: GraphLibrary | null;
  readonly #file: GraphFile;
  /** The outcome of the recall checks, and whether searches may use the graph. */
  readonly checks = new RecallChecks();
  #current: StagedGraph | null = null;
  /** The graph that will replace the current one once it holds all rows. */
  #replacement: StagedGraph | null = null;
  #changedAt = 0;
  #saving: Promise<void> | null = null;
  #retryAt = 0;
  #isReady = false;

  /** @param library null if hnswlib could not be loaded; every search is exact then */
  constructor(rows: Rows, library: GraphLibrary | null, file: GraphFile) {
    this.#rows = rows;
    this.#library = library;
    this.#file = file;
  }

  /** The graph to search, with the rows it still lacks; null if searches must scan. */
  get searchable(): StagedGraph | null {
    const current = this.#current;
    if (current === null || !this.checks.isTrusted) {
      return null;
    }
    return current.pending * 2 < this.#rows.count ? current : null;
  }

  /** Whether rows that wait for the graph make searches noticeably slower. */
  get isBehind(): boolean {
    const staged = this.searchable;
    return staged !== null && staged.pending > MAX_BACKLOG && !staged.graph.isFrozen;
  }

  get state(): IndexState {
    const { recall: sampledRecall, isTrusted } = this.checks;
    const current = this.#current;
    if (current === null) {
      return { kind: 'exact', indexed: 0, sampledRecall };
    }
    if (!isTrusted) {
      const kind = this.#replacement === null && !this.checks.isUnderWay ? 'exact' : 'building';
      return { kind, indexed: this.#replacement?.placed ?? 0, sampledRecall };
    }
    const isBuilding = current.pending > this.#rows.count * BUILDING_SHARE;
    const indexed = this.#rows.count - current.pending;
    return { kind: isBuilding ? 'building' : 'hnsw', indexed, sampledRecall };
  }

  /** The graph whose recall should be measured now, or null; pass the outcome to {@link recordCheck}. */
  get graphToCheck(): StagedGraph | null {
    const current = this.#current;
    if (current === null || this.#replacement !== null) {
      return null;
    }
    return this.checks.isDue(current, this.#rows.count) ? current : null;
  }

  /**
   * Records the recall of the graph {@link graphToCheck}, and rebuilds the graph if the recall is too low.
   *
   * @returns a sentence if the graph is rebuilt or no longer used, else null
   */
  recordCheck(staged: StagedGraph, recall: number): string | null {
    if (staged !== this.#current) {
      return null;
    }
    const rebuild = this.checks.record(staged, recall);
    if (this.checks.isTrusted) {
      return null;
    }
    const problem = `its graph found ${(recall * 100).toFixed(1)} % of the nearest items when it was checked`;
    if (rebuild === null || this.#rows.count < MIN_ROWS) {
      return `${problem}; searches are exact.`;
    }
    this.#replacement ??= this.#createEmpty(rebuild.settings, { expectsCrowds: true, isShuffled: true });
    return `${problem}; searches are exact until it is rebuilt.`;
  }

  /**
   * Loads the saved graph, once all rows are in memory.
   *
   * @returns what is wrong with it, or null; a graph that is wrong is rebuilt
   */
  async load(): Promise<string | null> {
    if (this.#library === null) {
      return null;
    }
    await this.#file.sweep();
    let outcome: StagedGraph | string | null = null;
    if (this.#rows.count >= MIN_ROWS) {
      const saved = await this.#file.read(this.#library, this.#rows.dimension);
      outcome = saved === null || typeof saved === 'string' ? saved : reconcileRows(saved, this.#rows);
      if (outcome instanceof StagedGraph) {
        this.#current = outcome;
      }
    }
    this.#isReady = true;
    this.#startIfLargeEnough();
    return typeof outcome === 'string' ? outcome : null;
  }

  /** Call it after a row was added to {@link Rows}. */
  addRow(seq: number): void {
    this.#changedAt = performance.now();
    this.#current?.enqueue(seq);
    this.#replacement?.enqueue(seq);
    this.#startIfLargeEnough();
  }

  /** Call it after a row was removed from {@link Rows}. */
  removeRow(seq: number): void {
    this.#changedAt = performance.now();
    this.#current?.remove(seq);
    this.#replacement?.remove(seq);
  }

  /** Works on the graph until the time is up. Returns whether there is more to do. */
  step(until: number): boolean {
    this.#current?.markRemoved();
    this.#replacement?.markRemoved();
    const current = this.#current;
    if (current === null) {
      return false;
    }
    const replacement = this.#replacement;
    // While searches have to scan many waiting rows, the current graph comes first, unless it is not searched at all.
    const isUrgent = current.pending > MAX_BACKLOG && this.checks.isTrusted;
    const target = replacement !== null && (!isUrgent || current.graph.isFrozen) ? replacement : current;
    if (target.pending > 0) {
      target.insert(until);
      this.#changedAt = performance.now();
    }
    if (replacement !== null && replacement.pending === 0) {
      this.#current = replacement;
      this.#replacement = null;
      this.checks.forgetLastCheck();
    }
    this.#replaceWhenSparse();
    return [this.#current, this.#replacement].some(
      (staged) => staged !== null && staged.pending > 0 && !staged.graph.isFrozen,
    );
  }

  /** Saves the graph if so much has changed that loading it will be faster than inserting the rows again. */
  saveWhenDue(): void {
    const staged = this.#current;
    if (staged === null || this.#saving !== null || performance.now() < this.#retryAt) {
      return;
    }
    // A graph that is about to be replaced, or that is not searched, is not worth saving.
    if (this.#replacement !== null || !this.checks.isTrusted) {
      return;
    }
    const isIdle = performance.now() - this.#changedAt > IDLE_MS && staged.pending === 0;
    if (staged.unsaved < this.#rows.count * (isIdle ? 0.02 : 0.25)) {
      return;
    }
    this.#save(staged).catch(() => {
      this.#retryAt = performance.now() + RETRY_MS;
    });
  }

  /** Saves the graph if enough has changed. A failure does no harm: the graph is rebuilt from the database. */
  async close(): Promise<void> {
    await this.#saving?.catch(() => {});
    const staged = this.#current;
    if (staged === null || !this.checks.isTrusted) {
      return;
    }
    staged.markRemoved();
    if (staged.unsaved > this.#rows.count / 1000) {
      await this.#save(staged).catch(() => {});
    }
  }

  /** Drops the graph; searches are exact from now on. */
  giveUp(): void {
    this.#isReady = false;
    this.#current = null;
    this.#replacement = null;
    this.checks.reset();
  }

  /** Drops the graph and deletes its file. */
  async remove(): Promise<void> {
    this.giveUp();
    await this.#saving?.catch(() => {});
    await this.#file.remove();
  }

  /** Starts a new graph when too many nodes are deleted, since searches still pass through them. */
  #replaceWhenSparse(): void {
    const current = this.#current;
    if (current === null || this.#replacement !== null) {
      return;
    }
    const { size, deleted } = current.graph;
    if (deleted <= size * MAX_DELETED || current.pending > 0) {
      return;
    }
    // hnswlib crashes on a graph without rows or capacity, and a few rows need none.
    if (this.#rows.count < MIN_ROWS) {
      this.#current = null;
      this.checks.reset();
    } else {
      this.#replacement = this.#createEmpty(current.graph.settings, { expectsCrowds: current.isCrowded });
    }
  }

  #startIfLargeEnough(): void {
    if (this.#isReady && this.#current === null && this.#rows.count >= MIN_ROWS) {
      this.#current = this.#createEmpty(GRAPH_SETTINGS[0]!, { expectsCrowds: false });
    }
  }

  /**
   * Creates a graph with all rows waiting to be inserted; there must be at least one.
   *
   * @param isShuffled whether to insert rows in random order, so that the order in which they were put does not matter
   */
  #createEmpty(
    settings: GraphSettings,
    options: { expectsCrowds: boolean; isShuffled?: boolean },
  ): StagedGraph {
    const seqs = Array.from(this.#rows.listSeqs());
    const { dimension } = this.#rows;
    const capacity = Math.ceil(seqs.length * 1.25);
    const graph = Graph.create(this.#library!, dimension, seqs[0]! - 1, capacity, settings);
    const queue = options.isShuffled ? shuffle(seqs, Math.random) : seqs;
    return new StagedGraph(graph, this.#rows, queue, {
      builtFrom: queue.length,
      expectsCrowds: options.expectsCrowds,
    });
  }

  #save(staged: StagedGraph): Promise<void> {
    const before = staged.changes;
    this.#saving = this.#file
      .write(staged, this.#rows.dimension)
      .then(() => {
        staged.markSaved(before);
      })
      .finally(() => {
        this.#saving = null;
      });
    return this.#saving;
  }
}
