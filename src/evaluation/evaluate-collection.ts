/** Evaluates a live collection with its own photos, each compared with all others by ordinary searches. */
import type { AnswerOptions } from '../breeds/identify-breed.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import type { BareHit, IndexState, Store } from '../store/store.js';
import {
  batchNonPets,
  batchQueries,
  countEligible,
  countLabels,
  MAX_QUERIES,
  type QueryBatch,
  sampleQueries,
  searchQueryBatch,
} from './collection-queries.js';
import type { WorkOptions } from './collection-work.js';
import type { Evaluation } from './evaluate.js';
import { withEvaluationThread } from './evaluation-thread.js';
import type { EvaluationResult } from './evaluation-worker.js';
import { thinOut } from './metrics/selective.js';
import { computeAveragePrecisionAtR, type Outcome, RECALL_DEPTH, toOutcome } from './outcomes.js';

/** Limit on the vectors that all exact searches together compare. Beyond it, there are fewer queries. */
const MAX_COMPARISONS = 500_000_000;
/** Queries of any collection that has as many, however large it is. */
const MIN_SAMPLE = 200;
/** Largest R of mAP@R, which limits the cost of exact searches. */
const MAX_RELEVANT = 1000;
/** Queries sent to the store at once; few, so that other searches can run in between. */
const BATCH_SIZE = 8;
/** Similarities this close differ only by rounding. */
const ROUNDING = 1e-6;
/** Points of the risk-coverage curve. */
const CURVE_POINTS = 100;

export interface EvaluateOptions extends WorkOptions {
  /** Neighbours that vote. */
  k: number;
  answering: AnswerOptions;
  /** Non-pet photos that come with the encoder; null if there are none. */
  references?: NonPetPhotos | null;
  /** Embeddings of non-pets, float32 [dimension] each. */
  nonPets?: Float32Array[];
}

/** Quality of a live collection. */
export interface CollectionEvaluation extends Evaluation, Omit<EvaluationResult, 'evaluation'> {
  /** Photos whose label has at least two; `n` of them, evenly spread, were queries. */
  photos: number;
  /** How searches are answered now, and the share of the ten nearest that they find; null without queries. */
  index: IndexState & { recallAt10: number | null };
}

/** Measures the share of the ten nearest that a search with the index found. Any of several equally near ones counts. */
function measureIndexRecall(neighbours: readonly BareHit[], exact: readonly BareHit[]): number {
  const nearest = exact.slice(0, RECALL_DEPTH);
  const minSimilarity = (nearest.at(-1)?.similarity ?? 1) - ROUNDING;
  const hits = neighbours.slice(0, RECALL_DEPTH).filter(({ similarity }) => similarity >= minSimilarity);
  return nearest.length === 0 ? 1 : Math.min(1, hits.length / nearest.length);
}

const toNeighbour = ({ id, label, similarity }: BareHit) => ({ file: id, label, similarity });

/** Runs some queries of one label. @param relevantCount other photos of the label, at most {@link MAX_RELEVANT} */
async function runQueryBatch(
  store: Store,
  name: string,
  batch: QueryBatch,
  relevantCount: number,
  { k, answering, references }: EvaluateOptions,
): Promise<{ outcomes: Outcome[]; recalls: number[] }> {
  const { label, queries } = batch;
  const found = await searchQueryBatch(store, name, batch, {
    depth: Math.max(k, RECALL_DEPTH),
    k: answering.calibration ? k : null,
    references,
  });
  const vectors = queries.map(({ vector }) => vector);
  const exact = await store.searchMany(name, vectors, {
    k: Math.max(relevantCount, RECALL_DEPTH) + 1,
    exact: true,
  });
  const recalls: number[] = [];
  const outcomes = queries.map(({ id }, i) => {
    const { neighbours, withoutLabel, nonPetSimilarity } = found[i]!;
    const nearest = exact[i]!.filter((hit) => hit.id !== id);
    recalls.push(measureIndexRecall(neighbours, nearest));
    const isRelevant = Uint8Array.from(nearest, (hit) => (hit.label === label ? 1 : 0));
    return toOutcome(
      {
        file: id,
        label,
        neighbours: neighbours.map(toNeighbour),
        averagePrecision: computeAveragePrecisionAtR(isRelevant, relevantCount),
        withoutLabel,
        nonPetSimilarity,
      },
      k,
      answering,
    );
  });
  return { outcomes, recalls };
}

/**
 * Evaluates a collection with a sample of its own photos, each compared without itself (and, with a calibration, again
 * without its label), as `identify` would. Unlike an evaluation of two sets, recall and vote use the index as it is.
 * mAP@R, whose R is at most 1000, and the recall of the index are measured with an exact scan.
 *
 * This assumes that the photos are independent; see docs/evaluation.md.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason
 */
export async function evaluateCollection(
  store: Store,
  name: string,
  options: EvaluateOptions,
): Promise<CollectionEvaluation> {
  const { signal, onProgress } = options;
  const counts = await countLabels(store, name);
  const { count, index } = await store.getCollection(name);
  const affordable = Math.floor(MAX_COMPARISONS / Math.max(1, count));
  const maxQueries = Math.max(MIN_SAMPLE, Math.min(MAX_QUERIES, affordable));
  const queries = await sampleQueries(store, name, counts, { ...options, maxQueries });
  let recall = 0;
  const { evaluation, mistakes, familiarity } = await withEvaluationThread(signal, async (thread) => {
    for await (const batch of batchQueries(queries, [...counts.keys()], BATCH_SIZE, options)) {
      const relevantCount = Math.min(MAX_RELEVANT, counts.get(batch.label)! - 1);
      const { outcomes, recalls } = await runQueryBatch(store, name, batch, relevantCount, options);
      recall += recalls.reduce((sum, value) => sum + value, 0);
      await thread.addOutcomes({ queries: outcomes, nonPets: [] });
    }
    for await (const { vectors } of batchNonPets(options.nonPets ?? [], BATCH_SIZE, options)) {
      await thread.addOutcomes({ queries: [], nonPets: await runNonPetBatch(store, name, vectors, options) });
    }
    onProgress?.({ phase: 'computing', done: 0, total: 1 });
    return thread.evaluate();
  });
  return {
    photos: countEligible(counts),
    ...evaluation,
    riskCoverage: thinOut(evaluation.riskCoverage, CURVE_POINTS),
    index: { ...index, recallAt10: queries.length === 0 ? null : recall / queries.length },
    mistakes,
    familiarity,
  };
}

async function runNonPetBatch(
  store: Store,
  name: string,
  vectors: Float32Array[],
  { k, answering, references }: EvaluateOptions,
): Promise<Outcome[]> {
  const found = await store.searchMany(name, vectors, { k });
  return found.map((hits, i) => {
    const result = {
      file: '',
      label: '',
      neighbours: hits.map(toNeighbour),
      averagePrecision: null,
      withoutLabel: [],
      nonPetSimilarity: measureNonPetSimilarity(vectors[i]!, references),
    };
    return toOutcome(result, k, answering);
  });
}
