/**
 * Finds probable label errors: photos that disagree with their neighbours, and equal pictures with different labels.
 * collection-label-trouble.ts does the same in a live collection.
 */
import { vote } from '../breeds/vote.js';
import { BestEntries } from '../math/best-entries.js';
import type { EmbeddedSet } from './embed-set.js';
import { forEachQuery } from './exact-neighbours.js';

/** A labelled photo with its nearest neighbours, without itself. */
interface LabelledPhoto {
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
  /** For tests: number of contradictions to remember. */
  maxPairs?: number;
}

const computeDoubt = (s: Suspect) => s.suggestedShare - s.ownShare;

/**
 * Number of contradictions to remember, so that none is counted twice. Beyond that, a contradiction counts only if the item
 * with the smaller id finds it, to limit memory.
 */
const MAX_PAIRS = 100_000;

/** Collects label errors, one photo at a time. */
export class LabelTroubleCollector {
  readonly #options: LabelTroubleOptions;
  readonly #suspects: BestEntries<Suspect>;
  readonly #contradictions: BestEntries<Contradiction>;
  /** Contradictions found so far; see {@link MAX_PAIRS}. */
  readonly #pairs = new Set<string>();
  readonly #maxPairs: number;
  #photos = 0;

  constructor(options: LabelTroubleOptions) {
    this.#options = options;
    this.#maxPairs = options.maxPairs ?? MAX_PAIRS;
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

  add(photo: LabelledPhoto): void {
    this.#photos++;
    this.#checkVote(photo);
    for (const neighbour of photo.neighbours) {
      if (neighbour.label !== photo.label && neighbour.similarity >= this.#options.sameFrom) {
        this.#addContradiction(photo, neighbour);
      }
    }
  }

  #checkVote({ id, label, neighbours }: LabelledPhoto): void {
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

  #addContradiction({ id, label }: LabelledPhoto, neighbour: LabelledPhoto['neighbours'][number]): void {
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
    if (this.#pairs.size < this.#maxPairs) {
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
