/**
 * Finds probable label errors: photos that disagree with their neighbours, and equal pictures with different labels.
 */
import { vote } from '../breeds/vote.js';
import type { Store } from '../store/store.js';
import { countLabels, type WorkOptions } from './collection-queries.js';
import type { EmbeddedSet } from './embed-set.js';
import { forEachQuery } from './exact-neighbours.js';
import { waitForIndex } from './wait-for-index.js';

/** A labelled photo with its nearest neighbours. */
interface Asked {
  id: string;
  label: string;
  neighbours: { id: string; label: string | null; similarity: number }[];
}

/** A photo whose neighbours have another label. */
export interface Suspect {
  /** The id of a collection's item, or the file of a set's photo. */
  id: string;
  label: string;
  /** The label its neighbours vote for. */
  suggested: string;
  /** Share of the vote for its own label and for the suggested one, 0..1. */
  ownShare: number;
  suggestedShare: number;
}

/** Two nearly equal photos with different labels. */
export interface Contradiction {
  a: { id: string; label: string };
  b: { id: string; label: string };
  /** Cosine similarity. */
  similarity: number;
}

/** The result of {@link findLabelTrouble}, worst first. */
export interface LabelTrouble {
  /** Number of labelled photos checked. */
  photos: number;
  /** Total numbers; the lists contain only the worst. */
  found: { suspects: number; contradictions: number };
  suspects: Suspect[];
  contradictions: Contradiction[];
}

export interface LabelTroubleOptions {
  /** The vote of the model. */
  k: number;
  temperature: number;
  /** Two photos count as the same picture from this cosine similarity on; about 0.95 for the shipped model. */
  sameFrom: number;
  /** The most entries per list. Default: all. */
  limit?: number;
  /** For tests: number of contradictions to remember. */
  maxPairs?: number;
}

/** Keeps the best entries of many, in bounded memory. */
class Best<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  #kept: T[] = [];
  #offered = 0;

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  get offered(): number {
    return this.#offered;
  }

  offer(entry: T): void {
    this.#offered++;
    this.#kept.push(entry);
    if (this.#kept.length > 2 * this.#limit) {
      this.#kept = this.sort();
    }
  }

  sort(): T[] {
    return this.#kept.sort(this.#compare).slice(0, this.#limit);
  }
}

const computeDoubt = (s: Suspect) => s.suggestedShare - s.ownShare;

/**
 * Number of contradictions to remember, so that none is counted twice. Beyond that, a contradiction counts only if the item
 * with the smaller id finds it, to limit memory.
 */
const MAX_PAIRS = 100_000;

/** Collects findings, one photo at a time. */
class Findings {
  readonly #options: LabelTroubleOptions;
  readonly #suspects: Best<Suspect>;
  readonly #contradictions: Best<Contradiction>;
  /** Contradictions found so far; see {@link MAX_PAIRS}. */
  readonly #pairs = new Set<string>();
  readonly #maxPairs: number;
  #photos = 0;

  constructor(options: LabelTroubleOptions) {
    this.#options = options;
    this.#maxPairs = options.maxPairs ?? MAX_PAIRS;
    const limit = options.limit ?? Number.MAX_SAFE_INTEGER;
    this.#suspects = new Best(limit, (x, y) => computeDoubt(y) - computeDoubt(x) || (x.id < y.id ? -1 : 1));
    this.#contradictions = new Best(
      limit,
      (x, y) => y.similarity - x.similarity || (x.a.id < y.a.id ? -1 : 1),
    );
  }

  add({ id, label, neighbours }: Asked): void {
    this.#photos++;
    const shares = vote(neighbours, this.#options.temperature);
    const [first] = shares;
    if (first !== undefined && first.label !== label) {
      this.#suspects.offer({
        id,
        label,
        suggested: first.label,
        ownShare: shares.find((share) => share.label === label)?.confidence ?? 0,
        suggestedShare: first.confidence,
      });
    }
    for (const other of neighbours) {
      if (other.label === null || other.label === label || other.similarity < this.#options.sameFrom) {
        continue;
      }
      const pair = [
        { id, label },
        { id: other.id, label: other.label },
      ].sort((x, y) => (x.id < y.id ? -1 : 1)) as [Contradiction['a'], Contradiction['b']];
      // Each of the two finds the other, mostly.
      const key = JSON.stringify([pair[0].id, pair[1].id]);
      if (this.#pairs.has(key)) {
        continue;
      }
      if (this.#pairs.size < this.#maxPairs) {
        this.#pairs.add(key);
      } else if (pair[0].id !== id) {
        continue;
      }
      this.#contradictions.offer({ a: pair[0], b: pair[1], similarity: other.similarity });
    }
  }

  getResult(): LabelTrouble {
    return {
      photos: this.#photos,
      found: { suspects: this.#suspects.offered, contradictions: this.#contradictions.offered },
      suspects: this.#suspects.sort(),
      contradictions: this.#contradictions.sort(),
    };
  }
}

/**
 * Finds label errors in an embedded set by comparing each photo's label with the vote of its neighbours. Northcutt,
 * Jiang, Chuang 2021, "Confident learning", arXiv 1911.00068, rank by the same quantity, from a classifier's held-out
 * probabilities.
 *
 * Photos with the same bytes and different labels are contradictions, too.
 */
export function findLabelTrouble(set: EmbeddedSet, options: LabelTroubleOptions): LabelTrouble {
  const findings = new Findings(options);
  const { items, vectors } = set;
  forEachQuery(vectors, vectors, (q, nearest) => {
    const { rows, similarities } = nearest(options.k, (row) => row === q);
    const neighbours = Array.from(rows, (row, i) => ({
      id: items[row]!.file,
      label: items[row]!.label,
      similarity: similarities[i]!,
    }));
    findings.add({ id: items[q]!.file, label: items[q]!.label, neighbours });
  });
  return findings.getResult();
}

/** Photos between two checks of whether the graph is being built. */
const LOOK_EVERY = 1024;
/** Queries sent to the store at once; few, so that other searches can run in between. */
const AT_ONCE = 16;

export interface CollectionTroubleOptions extends LabelTroubleOptions, WorkOptions {}

/**
 * Finds label errors in a live collection, by its own searches. Skips items without a label.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason
 */
export async function findCollectionLabelTrouble(
  store: Store,
  name: string,
  { signal, onProgress, ...options }: CollectionTroubleOptions,
): Promise<LabelTrouble> {
  const findings = new Findings(options);
  let waiting: { id: string; label: string; vector: Float32Array }[] = [];
  const total = [...(await countLabels(store, name)).values()].reduce((sum, count) => sum + count, 0);
  let done = 0;
  const flush = async () => {
    signal?.throwIfAborted();
    if (done % LOOK_EVERY === 0) {
      await waitForIndex(store, name, { signal, onProgress });
    }
    const vectors = waiting.map(({ vector }) => vector);
    const found = await store.searchMany(name, vectors, { k: options.k + 1 });
    waiting.forEach(({ id, label }, i) => {
      const neighbours = found[i]!.filter((hit) => hit.id !== id).slice(0, options.k);
      findings.add({ id, label, neighbours });
    });
    done += waiting.length;
    waiting = [];
    onProgress?.({ phase: 'asking', done: Math.min(done, total), total });
  };
  for await (const { id, label, vector } of store.iterate(name)) {
    if (label !== null) {
      waiting.push({ id, label, vector });
    }
    if (waiting.length === AT_ONCE) {
      await flush();
    }
  }
  if (waiting.length > 0) {
    await flush();
  }
  return findings.getResult();
}
