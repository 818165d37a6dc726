/** The outcome of one query: its answer compared with its label. Metrics over many are computed elsewhere. */
import { computeFamiliarity, predictPet } from '../breeds/calibration.js';
import {
  type AnswerOptions,
  type BreedAnswer,
  computeKnownProbability,
  identifyBreed,
} from '../breeds/identify-breed.js';
import type { Voter } from '../breeds/vote.js';
import { findFirstHit } from './metrics/retrieval.js';

export interface Outcome {
  file: string;
  label: string;
  /** Rank of the first neighbour with the query's label, 1-based; Infinity if there is none among those found. */
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
  /** Finds the voters if the label were held out of the gallery; only called with a calibration. */
  findWithoutLabel: () => readonly Voter[];
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
  const voters = neighbours.slice(0, k);
  const answer = identifyBreed(voters, answering, nonPetSimilarity);
  const first = answer.candidates[0]?.label;
  const evidence = voters.find((voter) => voter.label === first);
  return {
    file,
    label,
    rank: findFirstHit(Uint8Array.from(neighbours, (neighbour) => (neighbour.label === label ? 1 : 0))),
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
  { findWithoutLabel, nonPetSimilarity }: Pick<QueryResult, 'findWithoutLabel' | 'nonPetSimilarity'>,
): Outcome['known'] {
  if (calibration === null || calibration === undefined) {
    return null;
  }
  return {
    asIs: computeKnownProbability(voters, calibration, nonPetSimilarity),
    labelHeldOut: computeKnownProbability(findWithoutLabel(), calibration, nonPetSimilarity),
  };
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
