/** The outcome of one query: its answer compared with its label. Metrics over many are computed elsewhere. */
import type { BreedAnswer } from '../breeds/breed-answer.js';
import { computeFamiliarity, predictPet } from '../breeds/calibration.js';
import { type AnswerOptions, computeKnownProbability, identifyBreed } from '../breeds/identify-breed.js';
import type { Voter } from '../breeds/vote.js';

export interface Outcome {
  file: string;
  label: string;
  /**
   * Rank of the first neighbour with the query's label, 1-based; Infinity if there is none among those found. recall@K is the
   * share of queries whose rank is <= K (Jegou et al. 2011; the definition used in metric learning, where one hit is enough).
   */
  rank: number;
  /** Average precision at R, 0..1; null if the gallery has no other photo of the label. */
  averagePrecision: number | null;
  /** Mean similarity of the nearest neighbours, -1..1. */
  familiarity: number;
  answer: BreedAnswer;
  /** Calibrated probability that it shows a pet; null if the calibration has no `pet` model. */
  pet: number | null;
  /** Calibrated probability that the gallery contains the label, with the label and with it held out; null without one. */
  known: { asIs: number; labelHeldOut: number } | null;
  /** The nearest photo of the first candidate's label, as evidence. */
  evidence: { file: string; label: string; similarity: number } | null;
  /** The other columns of the query's manifest; empty without one. */
  metadata: Readonly<Record<string, string>>;
  /** Number of gallery photos that were excluded: the same photo, and others of its `group`. */
  excludedCount: number;
}

/** Neighbours that recall@10 needs. */
export const RECALL_DEPTH = 10;

/** Returns the first candidate, also if the decision is `unknown`. */
export function predictLabel({ answer }: Pick<Outcome, 'answer'>): string | null {
  return answer.candidates[0]?.label ?? null;
}

/** What a search found for one query. */
export interface QueryResult {
  file: string;
  label: string;
  /** Nearest first: the voters, and as many as recall@10 needs, if there are enough. */
  neighbours: { file: string; label: string | null; similarity: number }[];
  averagePrecision: number | null;
  /** The voters if the label were held out of the gallery; only needed with a calibration. */
  withoutLabel: readonly Voter[];
  /** Cosine similarity to the nearest non-pet photo; null if not measured. */
  nonPetSimilarity: number | null;
  metadata?: Readonly<Record<string, string>>;
  excludedCount?: number;
}

/** Computes the outcome of a query. @param k number of voters */
export function toOutcome(result: QueryResult, k: number, answering: AnswerOptions): Outcome {
  const {
    file,
    label,
    neighbours,
    averagePrecision,
    nonPetSimilarity,
    metadata = {},
    excludedCount = 0,
  } = result;
  const firstHit = neighbours.findIndex((neighbour) => neighbour.label === label);
  const voters = neighbours.slice(0, k);
  const answer = identifyBreed(voters, answering, nonPetSimilarity);
  const first = answer.candidates[0]?.label;
  const evidence = voters.find((voter) => voter.label === first);
  return {
    file,
    label,
    rank: firstHit < 0 ? Number.POSITIVE_INFINITY : firstHit + 1,
    averagePrecision,
    familiarity: computeFamiliarity(voters),
    answer,
    pet: answering.calibration
      ? predictPet({ neighbours: voters, nonPetSimilarity }, answering.calibration)
      : null,
    known: predictKnown(voters, answering, result),
    evidence:
      evidence === undefined || first === undefined
        ? null
        : { file: evidence.file, label: first, similarity: evidence.similarity },
    metadata,
    excludedCount,
  };
}

function predictKnown(
  voters: readonly Voter[],
  { calibration }: AnswerOptions,
  { withoutLabel, nonPetSimilarity }: Pick<QueryResult, 'withoutLabel' | 'nonPetSimilarity'>,
): Outcome['known'] {
  if (calibration === null || calibration === undefined) {
    return null;
  }
  return {
    asIs: computeKnownProbability(voters, calibration, nonPetSimilarity),
    labelHeldOut: computeKnownProbability(withoutLabel, calibration, nonPetSimilarity),
  };
}

/**
 * Computes the average precision at R, the number of right neighbours in the gallery: the mean over the first R
 * ranks of precision@i if rank i is right, else 0 (Musgrave, Belongie, Lim 2020, "A metric learning reality
 * check", arXiv 2003.08505, section 3.2).
 *
 * @param relevant 1 for neighbours with the query's label, nearest first, at least R entries
 * @param total R, >= 1
 * @returns 0..1; 1 only if the first R are all right
 */
export function computeAveragePrecisionAtR(relevant: Uint8Array, total: number): number {
  let hits = 0;
  let sum = 0;
  for (let i = 0; i < total; i++) {
    if (relevant[i] !== 1) {
      continue;
    }
    hits++;
    sum += hits / (i + 1);
  }
  return sum / total;
}

/** A wrong answer with the evidence for it. */
export interface Mistake {
  /** The file of a set's photo, or the id of a collection's item. */
  file: string;
  label: string;
  predicted: string;
  /** Confidence of the wrong answer, 0..1. */
  confidence: number;
  evidence: Outcome['evidence'];
}

/** Lists all wrong answers, most confident first. */
export function listMistakes(outcomes: readonly Outcome[]): Mistake[] {
  return outcomes
    .flatMap((outcome) => {
      const predicted = predictLabel(outcome);
      if (predicted === null || predicted === outcome.label) {
        return [];
      }
      const { file, label, evidence, answer } = outcome;
      return [{ file, label, predicted, confidence: answer.confidence, evidence }];
    })
    .sort((a, b) => b.confidence - a.confidence);
}
