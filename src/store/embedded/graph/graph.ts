/**
 * Wraps one HNSW graph of hnswlib-node and works around its pitfalls: it accepts only arrays of numbers, refuses k
 * above its capacity, does not grow by itself, forgets ef on loading, and saves and loads in another thread without a
 * lock.
 */
import type { HierarchicalNSW } from 'hnswlib-node';
import { asPawdexError } from '../../../errors.js';
import { loadFailureError, loadNativeModule } from '../../../native-modules.js';

/** How a graph is built. */
export interface GraphSettings {
  /** Links per node (M); twice as many on the lowest layer. */
  M: number;
  /** Candidates kept while a node is inserted. */
  efConstruction: number;
}

/**
 * Settings to build a graph with. The first suit ordinary data (chosen with `npm run bench:store -- --tune`). The
 * second are used when the graph of a collection fails its recall check; they take about twice the memory for links
 * and three times the build time.
 */
export const GRAPH_SETTINGS: readonly GraphSettings[] = [
  { M: 16, efConstruction: 200 },
  { M: 32, efConstruction: 400 },
];

/**
 * Queries are passed as integer multiples of this fraction. V8 passes small integers to native code without
 * allocating an object for each, which makes a search a tenth faster. All inner products scale alike, so the order
 * stays the same, and the rounding is finer than float32 resolves in a vector of length 1.
 */
const FRACTION = 2 ** -28;

/** The part of hnswlib-node that is used. */
export interface GraphLibrary {
  HierarchicalNSW: typeof HierarchicalNSW;
}

/** Loads the library. It is an optional dependency, since compiling it may fail during installation. */
export function loadGraphLibrary(name: string): { library: GraphLibrary | null; unavailable: string | null } {
  try {
    return { library: loadNativeModule(name) as GraphLibrary, unavailable: null };
  } catch (error) {
    const { message } = loadFailureError(error) ?? asPawdexError(error);
    return { library: null, unavailable: `${message} Searches are exact.` };
  }
}

export class Graph {
  /** Subtracted from a row's sequence number to get its label in the graph, which has only 32 bits. */
  readonly base: number;
  readonly settings: GraphSettings;
  #index: HierarchicalNSW;
  /** The query. Filled with small integers from the start, so that V8 keeps that representation. */
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

  /** Creates an empty graph for rows with sequence numbers above `base`. */
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

  /** Reads a verified file. Throws if hnswlib cannot read it. */
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

  /** Nodes marked as deleted. Searches still pass through them, which costs time and recall. */
  get deleted(): number {
    return this.#deleted;
  }

  /** Whether the graph is being saved. It can be searched then, but not changed. */
  get isFrozen(): boolean {
    return this.#readers > 0;
  }

  /** Sequence numbers of all nodes. */
  listSeqs(): number[] {
    return this.#index.getIdsList().map((label) => label + this.base);
  }

  /** The vector of a node that is not deleted. */
  getVector(seq: number): number[] {
    return this.#index.getPoint(seq - this.base);
  }

  /** Adds a row. `vector` has `dimension` numbers and length 1. */
  add(seq: number, vector: number[]): void {
    if (this.#size === this.#capacity) {
      this.#capacity = Math.ceil(this.#capacity * 1.5);
      this.#index.resizeIndex(this.#capacity);
    }
    this.#index.addPoint(vector, seq - this.base);
    this.#size++;
  }

  /** Marks a node as deleted. Call it once per node; in a graph read from disk the node may be marked already. */
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
   * Finds approximately the nearest nodes, nearest first.
   *
   * @param vectors float32, one or several vectors of the dimension
   * @param from where the query starts
   * @param scale factor that scales the query to length 1
   * @param ef candidates kept while searching; at least k are
   * @returns labels (sequence numbers minus {@link base}) and distances, which {@link toSimilarity} converts
   */
  findNearest(
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

  /** As {@link findNearest}, for a stored vector of length 1. */
  findNearestTo(vector: number[], k: number, ef: number): { neighbors: number[]; distances: number[] } {
    const query = this.#storedQuery;
    for (let i = 0; i < query.length; i++) {
      query[i] = (vector[i]! / FRACTION) | 0;
    }
    return this.#search(query, k, ef);
  }

  /** Converts a distance from {@link findNearest} to a cosine similarity, -1..1. */
  toSimilarity(distance: number): number {
    return (1 - distance) * FRACTION;
  }

  /** Writes a file from another thread; the graph is {@link isFrozen} meanwhile. */
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
