/**
 * One HNSW graph of hnswlib-node, with its pitfalls fenced in: it takes only arrays of numbers, refuses k above
 * its capacity, does not grow by itself, forgets ef on loading, and saves and loads in another thread unguarded.
 */
import type { HierarchicalNSW } from 'hnswlib-node';
import { asPawdexError } from '../../../errors.js';
import { loadFailureError, loadNativeModule } from '../../../native-modules.js';

/** How a graph is built. */
export interface GraphSettings {
  /** Links per node (M); twice as many on the ground layer. */
  M: number;
  /** Candidates kept while a node is inserted. */
  efConstruction: number;
}

/**
 * Settings to build a graph with. The first serve ordinary data (chosen with `npm run bench:store -- --tune`); the next
 * take over for a collection whose graph fails its own recall check, at about twice the memory for links and three times
 * the time to build.
 */
export const GRAPH_SETTINGS: readonly GraphSettings[] = [
  { M: 16, efConstruction: 200 },
  { M: 32, efConstruction: 400 },
];

/**
 * Queries are handed over as whole numbers of this fraction. Numbers cross to native code one by one; small integers do so
 * without an object each, which makes a search a tenth faster. Inner products grow alike, and so the order is the same;
 * what is cut off is less than float32 resolves in a vector of length 1.
 */
const FRACTION = 2 ** -28;

/** The part of hnswlib-node that is used. */
export interface GraphLibrary {
  HierarchicalNSW: typeof HierarchicalNSW;
}

/** Loads the library, which is an optional dependency: its compilation may have failed at install. */
export function loadGraphLibrary(name: string): { library: GraphLibrary } | { unavailable: string } {
  try {
    return { library: loadNativeModule(name) as GraphLibrary };
  } catch (error) {
    const { message } = loadFailureError(error) ?? asPawdexError(error);
    return { unavailable: `${message} Searches are exact.` };
  }
}

export class Graph {
  /** A row's label in the graph is its sequence number minus this, so that 32 bits are enough. */
  readonly base: number;
  readonly settings: GraphSettings;
  #index: HierarchicalNSW;
  /** The query; it holds only small integers from the start, for V8 to keep it that way. */
  readonly #query: number[];
  /** A stored vector as a query, apart from {@link #query} so that each loop reads one kind of array. */
  readonly #storedQuery: number[];
  #size = 0;
  #deleted = 0;
  #capacity: number;
  #ef = 0;
  #readers = 0;

  private constructor(
    index: HierarchicalNSW,
    dimension: number,
    base: number,
    capacity: number,
    settings: GraphSettings,
  ) {
    this.#index = index;
    this.#query = Array.from({ length: dimension }, () => 0);
    this.#storedQuery = Array.from({ length: dimension }, () => 0);
    this.base = base;
    this.#capacity = capacity;
    this.settings = settings;
  }

  /** An empty graph for rows with sequence numbers above `base`. */
  static create(
    library: GraphLibrary,
    dimension: number,
    base: number,
    capacity: number,
    settings: GraphSettings,
  ): Graph {
    const index = new library.HierarchicalNSW('ip', dimension);
    index.initIndex(capacity, settings.M, settings.efConstruction);
    return new Graph(index, dimension, base, capacity, settings);
  }

  /** Reads a verified file. @throws when hnswlib cannot read it: the object it was read into is given up */
  static async read(
    library: GraphLibrary,
    file: string,
    header: { dimension: number; base: number } & GraphSettings,
  ): Promise<Graph> {
    const index = new library.HierarchicalNSW('ip', header.dimension);
    await index.readIndex(file);
    const { dimension, base, M, efConstruction } = header;
    const graph = new Graph(index, dimension, base, index.getMaxElements(), { M, efConstruction });
    graph.#size = index.getCurrentCount();
    return graph;
  }

  /** Nodes, deleted ones included. */
  get size(): number {
    return this.#size;
  }

  /** Nodes marked as deleted: they are still walked through, and cost time and recall. */
  get deleted(): number {
    return this.#deleted;
  }

  /** Whether it is being saved: it may be searched meanwhile, which only reads, but not be changed. */
  get frozen(): boolean {
    return this.#readers > 0;
  }

  /** Sequence numbers of all nodes. */
  sequence(): number[] {
    return this.#index.getIdsList().map((label) => label + this.base);
  }

  /** The vector of a node that is not deleted. */
  point(seq: number): number[] {
    return this.#index.getPoint(seq - this.base);
  }

  /** Adds a row. @param vector [dimension], of length 1 */
  add(seq: number, vector: number[]): void {
    if (this.#size === this.#capacity) {
      this.#capacity = Math.ceil(this.#capacity * 1.5);
      this.#index.resizeIndex(this.#capacity);
    }
    this.#index.addPoint(vector, seq - this.base);
    this.#size++;
  }

  /** Marks a node as deleted. Call it once per node: in a graph that was read, the node may carry the mark already. */
  remove(seq: number): void {
    try {
      this.#index.markDelete(seq - this.base);
    } catch (error) {
      if (!String(error).includes('already deleted')) {
        throw error;
      }
    }
    this.#deleted++;
  }

  /**
   * The nearest nodes, about, nearest first.
   *
   * @param vectors float32, one or several vectors of the dimension
   * @param from where the query starts
   * @param scale brings the query to length 1
   * @param ef candidates kept while searching; at least k are
   * @returns labels, which are sequence numbers less {@link base}, and distances for {@link similarity}
   */
  nearest(
    vectors: Float32Array,
    from: number,
    scale: number,
    k: number,
    ef: number,
  ): { neighbors: number[]; distances: number[] } {
    const query = this.#query;
    const factor = scale / FRACTION;
    for (let i = 0; i < query.length; i++) {
      query[i] = (vectors[from + i]! * factor) | 0;
    }
    return this.#search(query, k, ef);
  }

  /** The same for a stored vector, of length 1. */
  nearestTo(vector: number[], k: number, ef: number): { neighbors: number[]; distances: number[] } {
    const query = this.#storedQuery;
    for (let i = 0; i < query.length; i++) {
      query[i] = (vector[i]! / FRACTION) | 0;
    }
    return this.#search(query, k, ef);
  }

  /** The cosine similarity, -1..1, that a distance of {@link nearest} stands for. */
  similarity(distance: number): number {
    return (1 - distance) * FRACTION;
  }

  /** Writes a file from another thread; the graph is {@link frozen} until that is done. */
  async write(file: string): Promise<void> {
    this.#readers++;
    try {
      await this.#index.writeIndex(file);
    } finally {
      this.#readers--;
    }
  }

  #search(query: number[], k: number, ef: number): { neighbors: number[]; distances: number[] } {
    if (ef !== this.#ef) {
      this.#index.setEf(ef);
      this.#ef = ef;
    }
    return this.#index.searchKnn(query, Math.min(k, this.#size));
  }
}
