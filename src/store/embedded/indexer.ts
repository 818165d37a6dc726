/**
 * The life of a collection's graph: started when the collection is large enough, filled in the background,
 * rebuilt when too much of it is deleted, saved now and then, and read back and checked at start.
 */
import type { IndexState } from '../store.js';
import { Graph, type GraphLibrary } from './graph.js';
import { reconcile } from './reconcile.js';
import type { Rows } from './rows.js';
import type { Snapshot } from './snapshot.js';
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

export class Indexer {
  readonly #rows: Rows;
  readonly #library: GraphLibrary | null;
  readonly #snapshot: Snapshot;
  #current: Staged | null = null;
  #next: Staged | null = null;
  /** Nodes that went into the graph or out of it since it was saved. */
  #changes = 0;
  #changedAt = 0;
  #saving: Promise<void> | null = null;
  #retryAt = 0;
  #ready = false;

  /** @param library null when hnswlib is not to be had: every search is exact then */
  constructor(rows: Rows, library: GraphLibrary | null, snapshot: Snapshot) {
    this.#rows = rows;
    this.#library = library;
    this.#snapshot = snapshot;
  }

  /** The graph to search, with the rows it lacks; null when only an exact scan answers. */
  get searchable(): Staged | null {
    const current = this.#current;
    return current !== null && current.pending * 2 < this.#rows.count ? current : null;
  }

  /** Whether searches lose much time to rows that will be in the graph soon. */
  get behind(): boolean {
    const staged = this.searchable;
    return staged !== null && staged.pending > BACKLOG && !staged.graph.frozen;
  }

  get state(): IndexState {
    const current = this.#current;
    if (current === null) return { kind: 'exact', indexed: 0 };
    const building = current.pending > this.#rows.count * BUILDING_SHARE;
    return { kind: building ? 'building' : 'hnsw', indexed: this.#rows.count - current.pending };
  }

  /**
   * Takes over the saved graph, once all rows are in memory.
   *
   * @returns what was wrong with it, if something was: it is built anew then
   */
  async load(): Promise<string | null> {
    if (this.#library === null) return null;
    await this.#snapshot.sweep();
    let outcome: Staged | string | null = null;
    if (this.#rows.count >= MIN_ROWS) {
      const saved = await this.#snapshot.read(this.#library, this.#rows.dimension);
      outcome = saved instanceof Graph ? reconcile(saved, this.#rows) : saved;
      if (outcome instanceof Staged) this.#current = outcome;
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
    this.#changed(1);
    this.#current?.remove(seq);
    this.#next?.remove(seq);
  }

  /** Works on the graph until the time is up. @returns whether there is more to do */
  step(until: number): boolean {
    const current = this.#current;
    if (current === null) return false;
    const { size, deleted } = current.graph;
    if (this.#next === null && deleted > size * MAX_DELETED && current.pending === 0) {
      // Of a few rows, or none, no graph is made: it would have no first row and no room, which hnswlib does not survive.
      if (this.#rows.count < MIN_ROWS) {
        this.#current = null;
        return false;
      }
      this.#next = this.#empty();
    }
    const target = this.#next !== null && current.pending <= BACKLOG ? this.#next : current;
    this.#changed(target.insert(until));
    if (this.#next !== null && this.#next.pending === 0) {
      this.#current = this.#next;
      this.#next = null;
      this.#changes = this.#rows.count;
    }
    const left = this.#next ?? this.#current;
    return left !== null && left.pending > 0 && !left.graph.frozen;
  }

  /** Saves the graph if enough has changed that reading it back beats inserting again. */
  saveWhenDue(): void {
    const staged = this.#current;
    if (staged === null || this.#saving !== null || performance.now() < this.#retryAt) return;
    const idle = performance.now() - this.#changedAt > IDLE_MS && staged.pending === 0;
    if (this.#changes < this.#rows.count * (idle ? 0.02 : 0.25)) return;
    this.#save(staged).catch(() => {
      this.#retryAt = performance.now() + 60_000;
    });
  }

  /** Saves what is worth saving. A graph that cannot be saved is no loss: it is rebuilt from the database. */
  async close(): Promise<void> {
    await this.#saving?.catch(() => {});
    const staged = this.#current;
    if (staged !== null && this.#changes > this.#rows.count / 1000) await this.#save(staged).catch(() => {});
  }

  /** Goes on without a graph: exact searches need none. */
  giveUp(): void {
    this.#ready = false;
    this.#current = null;
    this.#next = null;
  }

  /** Forgets the graph and its file. */
  async remove(): Promise<void> {
    this.giveUp();
    await this.#saving?.catch(() => {});
    await this.#snapshot.remove();
  }

  #begin(): void {
    if (this.#ready && this.#current === null && this.#rows.count >= MIN_ROWS) this.#current = this.#empty();
  }

  /** A graph that all rows wait for; there must be some. */
  #empty(): Staged {
    const queue = Array.from(this.#rows.sequence());
    const graph = Graph.create(
      this.#library!,
      this.#rows.dimension,
      queue[0]! - 1,
      Math.ceil(queue.length * 1.25),
    );
    return new Staged(graph, this.#rows, queue);
  }

  #changed(nodes: number): void {
    if (nodes === 0) return;
    this.#changes += nodes;
    this.#changedAt = performance.now();
  }

  #save(staged: Staged): Promise<void> {
    const before = this.#changes;
    this.#saving = this.#snapshot
      .write(staged.graph, this.#rows.dimension)
      .then(() => {
        this.#changes -= before;
      })
      .finally(() => {
        this.#saving = null;
      });
    return this.#saving;
  }
}
