/**
 * Finds probable label errors in sets and in collections: photos that disagree with their neighbours, and equal pictures
 * with different labels.
 */
import { vote } from '../breeds/vote.js';
import { catchAsNull } from '../errors.js';
import { BestEntries } from '../math/best-entries.js';
import { collectBatches } from '../math/group-by.js';
import type { Store } from '../store/store.js';
import { BATCH_SIZE, type CollectionQuery, countLabels } from './collection-queries.js';
import { type WorkOptions, waitForIndex } from './collection-work.js';
import type { EmbeddedSet } from './embed-set.js';
import { forEachQuery } from './exact-neighbours.js';

/** A labelled photo with its nearest neighbours, without itself. */
interface PhotoWithNeighbours {
  id: string;
  label: string;
  neighbours: { id: string; label: string | null; similarity: number }[];
}

/** A photo whose neighbours have another label. */
export interface Suspect {
  /** The id of a collection's item, or the file of a set's photo. */
  id: string;
  /** Of a collection's item: where the photo came from. */
  source?: string | null;
  label: string;
  /** The label its neighbours vote for. */
  suggested: string;
  /** Share of the vote for its own label and for the suggested one, 0..1. */
  ownShare: number;
  suggestedShare: number;
}

/** One of the two photos of a contradiction, with the fields of {@link Suspect}. */
type LabelledItem = Pick<Suspect, 'id' | 'label' | 'source'>;

/** Two nearly equal photos with different labels. */
export interface Contradiction {
  a: LabelledItem;
  b: LabelledItem;
  /** Cosine similarity. */
  similarity: number;
}

/** Probable label errors, worst first. */
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
  /** Maximum entries per list. Default: all. */
  limit?: number;
}

const computeDoubt = (s: Suspect) => s.suggestedShare - s.ownShare;

/**
 * Number of contradictions to remember, so that none is counted twice. Beyond that, a contradiction counts only if the item
 * with the smaller id finds it, to limit memory.
 */
const MAX_PAIRS = 100_000;

/** Collects label errors, one photo at a time. */
class LabelTroubleCollector {
  readonly #options: LabelTroubleOptions;
  readonly #suspects: BestEntries<Suspect>;
  readonly #contradictions: BestEntries<Contradiction>;
  /** Contradictions found so far; see {@link MAX_PAIRS}. */
  readonly #pairs = new Set<string>();
  #photos = 0;

  constructor(options: LabelTroubleOptions) {
    this.#options = options;
    const limit = options.limit ?? Number.MAX_SAFE_INTEGER;
    this.#suspects = new BestEntries(
      limit,
      (x, y) => computeDoubt(y) - computeDoubt(x) || (x.id < y.id ? -1 : 1),
    );
    this.#contradictions = new BestEntries(
      limit,
      (x, y) => y.similarity - x.similarity || (x.a.id < y.a.id ? -1 : 1),
    );
  }

  add(photo: PhotoWithNeighbours): void {
    this.#photos++;
    this.#checkVote(photo);
    for (const neighbour of photo.neighbours) {
      if (neighbour.label !== photo.label && neighbour.similarity >= this.#options.sameFrom) {
        this.#addContradiction(photo, neighbour);
      }
    }
  }

  #checkVote({ id, label, neighbours }: PhotoWithNeighbours): void {
    const shares = vote(neighbours, this.#options.temperature);
    const [first] = shares;
    if (first !== undefined && first.label !== label) {
      this.#suspects.add({
        id,
        label,
        suggested: first.label,
        ownShare: shares.find((share) => share.label === label)?.confidence ?? 0,
        suggestedShare: first.confidence,
      });
    }
  }

  #addContradiction(
    { id, label }: PhotoWithNeighbours,
    neighbour: PhotoWithNeighbours['neighbours'][number],
  ): void {
    if (neighbour.label === null) {
      return;
    }
    const other = { id: neighbour.id, label: neighbour.label };
    const isFirst = id < other.id;
    const [a, b] = isFirst ? [{ id, label }, other] : [other, { id, label }];
    // Mostly, each of the two finds the other.
    const key = JSON.stringify([a.id, b.id]);
    if (this.#pairs.has(key)) {
      return;
    }
    if (this.#pairs.size < MAX_PAIRS) {
      this.#pairs.add(key);
    } else if (!isFirst) {
      return;
    }
    this.#contradictions.add({ a, b, similarity: neighbour.similarity });
  }

  getResult(): LabelTrouble {
    return {
      photos: this.#photos,
      found: { suspects: this.#suspects.total, contradictions: this.#contradictions.total },
      suspects: this.#suspects.rank(),
      contradictions: this.#contradictions.rank(),
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
  const collector = new LabelTroubleCollector(options);
  const { items, vectors } = set;
  forEachQuery(vectors, vectors, (q, nearest) => {
    const { rows, similarities } = nearest(options.k, (row) => row === q);
    const neighbours = Array.from(rows, (row, i) => ({
      id: items[row]!.file,
      label: items[row]!.label,
      similarity: similarities[i]!,
    }));
    collector.add({ id: items[q]!.file, label: items[q]!.label, neighbours });
  });
  return collector.getResult();
}

/** Photos between two checks of whether the graph is being built. */
const CHECK_INTERVAL = 1024;

/**
 * Finds label errors in a live collection as {@link findLabelTrouble} does, by its own searches. Skips items without a label.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason
 */
export async function findCollectionLabelTrouble(
  store: Store,
  name: string,
  { signal, onProgress, ...options }: LabelTroubleOptions & WorkOptions,
): Promise<LabelTrouble> {
  const collector = new LabelTroubleCollector(options);
  const total = [...(await countLabels(store, name)).values()].reduce((sum, count) => sum + count, 0);
  let done = 0;
  for await (const batch of collectBatches(iterateLabelled(store, name), BATCH_SIZE)) {
    signal?.throwIfAborted();
    if (done % CHECK_INTERVAL === 0) {
      await waitForIndex(store, name, { signal, onProgress });
    }
    const vectors = batch.map(({ vector }) => vector);
    const found = await store.searchMany(name, vectors, { k: options.k + 1 });
    batch.forEach(({ id, label }, i) => {
      const neighbours = found[i]!.filter((hit) => hit.id !== id).slice(0, options.k);
      collector.add({ id, label, neighbours });
    });
    done += batch.length;
    onProgress?.({ phase: 'asking', done: Math.min(done, total), total });
  }
  return addSources(store, name, collector.getResult());
}

async function* iterateLabelled(store: Store, name: string): AsyncGenerator<CollectionQuery> {
  for await (const { id, label, vector } of store.iterate(name)) {
    if (label !== null) {
      yield { id, label, vector };
    }
  }
}

/** Says where each listed photo came from, by which people know it. Items that were deleted meanwhile have none. */
async function addSources(store: Store, name: string, trouble: LabelTrouble): Promise<LabelTrouble> {
  const addSource = async <T extends LabelledItem>(photo: T): Promise<T> => {
    const item = await catchAsNull(store.getItem(name, photo.id), 'item_not_found');
    return { ...photo, source: item?.source ?? null };
  };
  const suspects: Suspect[] = [];
  for (const suspect of trouble.suspects) {
    suspects.push(await addSource(suspect));
  }
  const contradictions: Contradiction[] = [];
  for (const { a, b, similarity } of trouble.contradictions) {
    contradictions.push({ a: await addSource(a), b: await addSource(b), similarity });
  }
  return { ...trouble, suspects, contradictions };
}
