/**
 * The life of a collection's graph: started when the collection is large enough, filled in the background, checked for
 * its recall, rebuilt when too much of it is deleted or it finds too little, saved now and then, and read back and
 * checked at start.
 */
import type { IndexState } from '../../store.js';
import type { Rows } from '../vectors/rows.js';
import { GRAPH_SETTINGS, Graph, type GraphLibrary, type GraphSettings } from './graph.js';
import type { Snapshot } from './graph-snapshot.js';
import { RecallChecks } from './recall-checks.js';
import { reconcileRows } from './reconcile.js';
import { Staged } from './staged.js';

/** Rows from which a graph pays; below, an exact scan is as fast. Chosen by measurement, see docs/store.md. */
const MIN_ROWS = 1000;
/** Share of deleted nodes at which the graph is rebuilt. */
const MAX_DELETED = 0.2;
/** Rows that may wait for a graph: each search scans them, in 0.2 ms. */
const BACKLOG = 4096;
/** A graph that lacks more than this share of the rows is being built, in the eyes of users. */
const BUILDING_SHARE = 0.1;
/** Milliseconds without a change after which a changed graph is saved. */
const IDLE_MS = 5000;
/** Milliseconds after which a graph that could not be saved is tried again. */
const RETRY_MS = 60_000;

export class Indexer {
  /** What the graph's own checks found, and whether searches may use it. */
  readonly checks = new RecallChecks();
  readonly #rows: Rows;
  readonly #library: GraphLibrary | null;
  readonly #snapshot: Snapshot;
  #current: Staged | null = null;
  /** The graph that will take the place of the current one once it holds all rows. */
  #next: Staged | null = null;
  #changedAt = 0;
  #saving: Promise<void> | null = null;
  #retryAt = 0;
  #ready = false;

  /** @param library null when hnswlib could not be loaded: every search is exact then */
  constructor(rows: Rows, library: GraphLibrary | null, snapshot: Snapshot) {
    this.#rows = rows;
    this.#library = library;
    this.#snapshot = snapshot;
  }

  /** The graph to search, with the rows it lacks; null when only an exact scan answers. */
  get searchable(): Staged | null {
    const current = this.#current;
    if (current === null || !this.checks.isTrusted) {
      return null;
    }
    return current.pending * 2 < this.#rows.count ? current : null;
  }

  /** Whether searches lose much time to rows that will be in the graph soon. */
  get behind(): boolean {
    const staged = this.searchable;
    return staged !== null && staged.pending > BACKLOG && !staged.graph.frozen;
  }

  get state(): IndexState {
    const { recall: sampledRecall, isTrusted } = this.checks;
    const current = this.#current;
    if (current === null) {
      return { kind: 'exact', indexed: 0, sampledRecall };
    }
    if (!isTrusted) {
      const kind = this.#next === null && !this.checks.isUnderWay ? 'exact' : 'building';
      return { kind, indexed: this.#next?.placed ?? 0, sampledRecall };
    }
    const isBuilding = current.pending > this.#rows.count * BUILDING_SHARE;
    const indexed = this.#rows.count - current.pending;
    return { kind: isBuilding ? 'building' : 'hnsw', indexed, sampledRecall };
  }

  /** The graph whose recall should be measured now, or null. See {@link checked}. */
  get toCheck(): Staged | null {
    const current = this.#current;
    if (current === null || this.#next !== null) {
      return null;
    }
    return this.checks.isDue(current, this.#rows.count) ? current : null;
  }

  /**
   * Notes what a check of {@link toCheck} found, and rebuilds the graph if that was too little.
   *
   * @returns a sentence about a graph that is rebuilt or given up, or null
   */
  checked(staged: Staged, recall: number): string | null {
    if (staged !== this.#current) {
      return null;
    }
    const next = this.checks.note(staged, recall);
    if (this.checks.isTrusted) {
      return null;
    }
    const problem = `its graph found ${(recall * 100).toFixed(1)} % of the nearest items when it was checked`;
    if (next === null || this.#rows.count < MIN_ROWS) {
      return `${problem}; searches are exact.`;
    }
    this.#next ??= this.#createEmpty(next.settings, { isCrowded: true, isShuffled: true });
    return `${problem}; searches are exact until it is rebuilt.`;
  }

  /**
   * Takes over the saved graph, once all rows are in memory.
   *
   * @returns what was wrong with it, if something was: it is rebuilt then
   */
  async load(): Promise<string | null> {
    if (this.#library === null) {
      return null;
    }
    await this.#snapshot.sweep();
    let outcome: Staged | string | null = null;
    if (this.#rows.count >= MIN_ROWS) {
      const saved = await this.#snapshot.read(this.#library, this.#rows.dimension);
      outcome = saved === null || typeof saved === 'string' ? saved : reconcileRows(saved, this.#rows);
      if (outcome instanceof Staged) {
        this.#current = outcome;
      }
    }
    this.#ready = true;
    this.#begin();
    return typeof outcome === 'string' ? outcome : null;
  }

  /** A row was added to {@link Rows}. */
  added(seq: number): void {
    this.#changedAt = performance.now();
    this.#current?.enqueue(seq);
    this.#next?.enqueue(seq);
    this.#begin();
  }

  /** A row was removed from {@link Rows}. */
  removed(seq: number): void {
    this.#changedAt = performance.now();
    this.#current?.remove(seq);
    this.#next?.remove(seq);
  }

  /** Works on the graph until the time is up. @returns whether there is more to do */
  step(until: number): boolean {
    this.#current?.markRemoved();
    this.#next?.markRemoved();
    this.#replaceWhenSparse();
    const current = this.#current;
    if (current === null) {
      return false;
    }
    const next = this.#next;
    // The next graph is nobody's business while searches wait for rows; an untrusted graph is searched by nobody.
    const isUrgent = current.pending > BACKLOG && this.checks.isTrusted;
    const target = next !== null && (!isUrgent || current.graph.frozen) ? next : current;
    if (target.pending > 0) {
      target.insert(until);
      this.#changedAt = performance.now();
    }
    if (next !== null && next.pending === 0) {
      this.#current = next;
      this.#next = null;
      this.checks.replaced();
    }
    return [this.#current, this.#next].some(
      (staged) => staged !== null && staged.pending > 0 && !staged.graph.frozen,
    );
  }

  /** Saves the graph if enough has changed that reading it back beats inserting again. */
  saveWhenDue(): void {
    const staged = this.#current;
    if (staged === null || this.#saving !== null || performance.now() < this.#retryAt) {
      return;
    }
    // A graph that is about to be replaced, or that nobody searches, is not worth the writing.
    if (this.#next !== null || !this.checks.isTrusted) {
      return;
    }
    const idle = performance.now() - this.#changedAt > IDLE_MS && staged.pending === 0;
    if (staged.unsaved < this.#rows.count * (idle ? 0.02 : 0.25)) {
      return;
    }
    this.#save(staged).catch(() => {
      this.#retryAt = performance.now() + RETRY_MS;
    });
  }

  /** Saves what is worth saving. A graph that cannot be saved is no loss: it is rebuilt from the database. */
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

  /** Goes on without a graph: exact searches need none. */
  giveUp(): void {
    this.#ready = false;
    this.#current = null;
    this.#next = null;
    this.checks.reset();
  }

  /** Forgets the graph and its file. */
  async remove(): Promise<void> {
    this.giveUp();
    await this.#saving?.catch(() => {});
    await this.#snapshot.remove();
  }

  /** Starts a new graph when too many nodes are deleted: they are still walked through. */
  #replaceWhenSparse(): void {
    const current = this.#current;
    if (current === null || this.#next !== null) {
      return;
    }
    const { size, deleted } = current.graph;
    if (deleted <= size * MAX_DELETED || current.pending > 0) {
      return;
    }
    // Of a few rows, or none, no graph is made: it would have no first row and no room, which hnswlib does not survive.
    if (this.#rows.count < MIN_ROWS) {
      this.#current = null;
      this.checks.reset();
    } else {
      this.#next = this.#createEmpty(current.graph.settings, { isCrowded: current.isCrowded });
    }
  }

  #begin(): void {
    if (this.#ready && this.#current === null && this.#rows.count >= MIN_ROWS) {
      this.#current = this.#createEmpty(GRAPH_SETTINGS[0]!, { isCrowded: false });
    }
  }

  /**
   * A graph that all rows wait for; there must be some.
   *
   * @param isShuffled whether rows are inserted in random order, so that none depends on what was put before it
   */
  #createEmpty(settings: GraphSettings, options: { isCrowded: boolean; isShuffled?: boolean }): Staged {
    const queue = Array.from(this.#rows.sequence());
    const { dimension } = this.#rows;
    const capacity = Math.ceil(queue.length * 1.25);
    const graph = Graph.create(this.#library!, dimension, queue[0]! - 1, capacity, settings);
    if (options.isShuffled) {
      shuffle(queue);
    }
    return new Staged(graph, this.#rows, queue, { builtFrom: queue.length, isCrowded: options.isCrowded });
  }

  #save(staged: Staged): Promise<void> {
    const before = staged.changes;
    this.#saving = this.#snapshot
      .write(staged, this.#rows.dimension)
      .then(() => {
        staged.savedAt(before);
      })
      .finally(() => {
        this.#saving = null;
      });
    return this.#saving;
  }
}

function shuffle(values: number[]): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
}
