/** Measures a live collection with its own photos, each asked without itself, through the searches users get. */
import type { AnswerOptions } from '../breeds/identify-breed.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import type { BareHit, IndexState, Store } from '../store/store.js';
import { type CollectionQuery, countLabels, sampleQueries, type WorkOptions } from './collection-queries.js';
import type { Evaluation } from './evaluate.js';
import { type Judgement, withEvaluationThread } from './evaluation-thread.js';
import { computeAveragePrecisionAtR } from './metrics/retrieval.js';
import { thinOut } from './metrics/selective.js';
import { type Outcome, RECALL_DEPTH, toOutcome } from './outcomes.js';

/** Photos asked at most, and vectors compared at most by all exact searches together. */
const [MOST_QUERIES, MOST_COMPARISONS] = [2000, 500_000_000];
/** Fewer queries than this would measure nothing, however large the collection is. */
const FEWEST_QUERIES = 200;
/** R of mAP@R at most: an exact search for more neighbours would cost more than it tells. */
const MOST_RELEVANT = 1000;
/** Queries handed to the store at once: few, so that other people's searches come in between. */
const AT_ONCE = 8;
/** Similarities this close are the same but for rounding. */
const SAME = 1e-6;
/** Points of the risk-coverage curve. */
const CURVE_POINTS = 100;

/** Settings of {@link evaluateCollection}. */
export interface EvaluateOptions extends WorkOptions {
  /** Neighbours that vote. */
  k: number;
  answering: AnswerOptions;
  /** Pictures of no pet that come with the encoder; null where there are none. */
  references?: NonPetPhotos | null;
  /** Embeddings of photos of something else, float32 [dimension] each, if there are any. */
  nonPets?: Float32Array[];
}

/** Quality of a live collection. */
export interface CollectionEvaluation extends Evaluation, Omit<Judgement, 'evaluation'> {
  /** Photos of labels that have two or more; `n` of them, evenly spread, were asked. */
  photos: number;
  /** How searches are answered now, and the share of the ten nearest they find; null without queries. */
  index: IndexState & { recallAt10: number | null };
}

/** Share of the ten nearest that a search through the index found; ties count whichever was returned. */
function measureIndexRecall(found: readonly BareHit[], exact: readonly BareHit[]): number {
  const nearest = exact.slice(0, RECALL_DEPTH);
  const least = (nearest.at(-1)?.similarity ?? 1) - SAME;
  const hits = found.slice(0, RECALL_DEPTH).filter(({ similarity }) => similarity >= least);
  return nearest.length === 0 ? 1 : Math.min(1, hits.length / nearest.length);
}

const named = ({ id, label, similarity }: BareHit) => ({ file: id, label, similarity });

/** Asks the photos of one label and says what came back, and what share of the nearest the index found. */
async function askBatch(
  store: Store,
  name: string,
  asked: readonly CollectionQuery[],
  {
    k,
    relevant,
    others,
    answering,
    references,
  }: { k: number; relevant: number; others: string[] } & EvaluateOptions,
): Promise<{ outcomes: Outcome[]; recalls: number[] }> {
  const vectors = asked.map(({ vector }) => vector);
  const depth = Math.max(k, RECALL_DEPTH);
  const found = await store.searchMany(name, vectors, { k: depth + 1 });
  const exact = await store.searchMany(name, vectors, {
    k: Math.max(relevant, RECALL_DEPTH) + 1,
    exact: true,
  });
  const without =
    answering.calibration === null || answering.calibration === undefined
      ? []
      : await store.searchMany(name, vectors, { k, filter: { label: others } });
  const recalls: number[] = [];
  const outcomes = asked.map(({ id, label }, i) => {
    const itself = (hit: BareHit) => hit.id !== id;
    const neighbours = found[i]!.filter(itself).slice(0, depth);
    const nearest = exact[i]!.filter(itself);
    recalls.push(measureIndexRecall(neighbours, nearest));
    const right = Uint8Array.from(nearest, (hit) => (hit.label === label ? 1 : 0));
    return toOutcome(
      {
        file: id,
        label,
        neighbours: neighbours.map(named),
        averagePrecision: computeAveragePrecisionAtR(right, relevant),
        withoutLabel: () => without[i] ?? [],
        nonPetSimilarity: references ? measureNonPetSimilarity(vectors[i]!, references) : null,
      },
      k,
      answering,
    );
  });
  return { outcomes, recalls };
}

/**
 * Asks the collection for a sample of its own photos, each without itself (and, with a calibration, once more
 * without its label), as `identify` would. What differs from an evaluation of two sets: recall and the vote are
 * those of the index as it is; mAP@R, whose R is at most 1000, and the index's own recall are against an exact scan.
 *
 * Leaving one out is as honest as the photos are independent; see docs/evaluation.md.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason when it was raised
 */
export async function evaluateCollection(
  store: Store,
  name: string,
  options: EvaluateOptions,
): Promise<CollectionEvaluation> {
  const { k, answering, references, nonPets = [], signal, onProgress } = options;
  const counts = await countLabels(store, name);
  const labels = [...counts.keys()];
  const { count, index } = await store.getCollection(name);
  const most = Math.max(
    FEWEST_QUERIES,
    Math.min(MOST_QUERIES, Math.floor(MOST_COMPARISONS / Math.max(1, count))),
  );
  const queries = await sampleQueries(store, name, counts, { ...options, most });
  let recall = 0;
  const { evaluation, mistakes, familiarity } = await withEvaluationThread(signal, async (thread) => {
    let done = 0;
    for (const label of labels) {
      const group = queries.filter((query) => query.label === label);
      const asking = {
        ...options,
        relevant: Math.min(MOST_RELEVANT, counts.get(label)! - 1),
        others: labels.filter((other) => other !== label),
      };
      for (let at = 0; at < group.length; at += AT_ONCE) {
        signal?.throwIfAborted();
        const asked = group.slice(at, at + AT_ONCE);
        const { outcomes, recalls } = await askBatch(store, name, asked, asking);
        recall += recalls.reduce((sum, value) => sum + value, 0);
        await thread.addOutcomes({ queries: outcomes, nonPets: [] });
        done += asked.length;
        onProgress?.({ phase: 'asking', done, total: queries.length });
      }
    }
    for (let at = 0; at < nonPets.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      const found = await store.searchMany(name, nonPets.slice(at, at + AT_ONCE), { k });
      const outcomes = found.map((hits, i) => {
        const nonPetSimilarity = references ? measureNonPetSimilarity(nonPets[at + i]!, references) : null;
        return judgeNonPet(hits, nonPetSimilarity, k, answering);
      });
      await thread.addOutcomes({ queries: [], nonPets: outcomes });
      onProgress?.({ phase: 'non-pets', done: at + found.length, total: nonPets.length });
    }
    onProgress?.({ phase: 'computing', done: 0, total: 1 });
    return thread.evaluate();
  });
  return {
    photos: [...counts.values()].reduce((sum, of) => sum + (of > 1 ? of : 0), 0),
    ...evaluation,
    riskCoverage: thinOut(evaluation.riskCoverage, CURVE_POINTS),
    index: { ...index, recallAt10: queries.length === 0 ? null : recall / queries.length },
    mistakes,
    familiarity,
  };
}

function judgeNonPet(
  hits: readonly BareHit[],
  nonPetSimilarity: number | null,
  k: number,
  answering: AnswerOptions,
): Outcome {
  const asked = { file: '', label: '', averagePrecision: null, withoutLabel: () => [], nonPetSimilarity };
  return toOutcome({ ...asked, neighbours: hits.map(named) }, k, answering);
}
