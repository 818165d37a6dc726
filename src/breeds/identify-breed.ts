/** Neighbours in, the breed out: what the engine calls. */
import {
  type Calibration,
  computeFeatures,
  computeRightProbability,
  getCalibratedVote,
} from './calibration.js';
import { type Decision, decideByProbability, decideByVote } from './decide.js';
import { predict } from './logistic.js';
import { type Candidate, type Voter, vote } from './vote.js';

/** Settings of {@link identifyBreed}. */
export interface AnswerOptions {
  /** Temperature of the vote, > 0; the model card has the value that fits its similarity scale. */
  temperature: number;
  /** What was fitted for the collection with the model that answers, if anything was. */
  calibration?: Calibration | null;
  /** What the encoder says of collections in general; answers where there is no calibration. */
  statistics?: Calibration | null;
}

/** A candidate with what speaks for it. */
export interface TalliedCandidate extends Candidate {
  /** Its part of the vote, 0..1; those of all candidates sum to 1. */
  share: number;
  /** How many of the neighbours that voted have the label. */
  count: number;
  /** Cosine similarity of the nearest of them, -1..1. */
  similarity: number;
}

/** What a confidence rests on: a fit to the collection, a fit to collections in general, or nothing but the vote. */
export type Basis = 'calibration' | 'statistics' | 'vote';

/** A breed with how far to trust it. */
export interface BreedAnswer {
  decision: Decision;
  /** The most likely label, also where the decision is `ambiguous`; null when `unknown`. */
  breed: string | null;
  /** That the first candidate is right, 0..1: a fitted probability, or its bare share of the vote. */
  confidence: number;
  /** Whether `confidence` is a probability that was fitted to the collection. */
  calibrated: boolean;
  basis: Basis;
  /** That the collection holds what the photo shows, 0..1; null where nothing was fitted. */
  known: number | null;
  /** Every label that got a vote, most likely first; they sum to at most 1, the rest being something else. */
  candidates: TalliedCandidate[];
}

/**
 * The breed that the nearest neighbours of a photo tell.
 *
 * A calibration holds for the vote it was fitted on: with one, exactly its `k` nearest vote, at its temperature. Where
 * fewer neighbours are given than that, all of them vote, and what the encoder knows in general decides.
 *
 * @param neighbours the nearest items of a collection, nearest first; an empty collection gives `unknown`
 */
export function identifyBreed(neighbours: readonly Voter[], options: AnswerOptions): BreedAnswer {
  const { calibration, statistics } = options;
  if (calibration && neighbours.length >= calibration.k) {
    const voters = neighbours.slice(0, calibration.k);
    return answerByFit(voters, getCalibratedVote(voters, calibration), calibration, 'calibration');
  }
  const candidates = vote(neighbours, options.temperature);
  return statistics
    ? answerByFit(neighbours, candidates, statistics, 'statistics')
    : answerByVote(neighbours, candidates);
}

function answerByFit(
  voters: readonly Voter[],
  candidates: readonly Candidate[],
  fit: Calibration,
  basis: 'calibration' | 'statistics',
): BreedAnswer {
  // Without a single label there is nothing that could be right.
  if (candidates.length === 0) {
    return answerByVote(voters, candidates);
  }
  const fitted = computeRightProbability(voters, candidates, fit);
  // Statistics of other collections cannot tell which of several labels is right where these share the vote.
  const isContested = basis === 'statistics' && decideByVote(candidates) === 'ambiguous';
  const right = isContested ? Math.min(fitted, candidates[0]!.confidence) : fitted;
  const known = predict(fit.known, computeFeatures(voters, candidates));
  const byFit = decideByProbability(right, known, fit);
  const decision = isContested && byFit === 'match' ? 'ambiguous' : byFit;
  // What the collection probably does not hold is not named with confidence.
  const confidence = decision === 'unknown' ? Math.min(right, known) : right;
  return {
    decision,
    breed: decision === 'unknown' ? null : candidates[0]!.label,
    confidence,
    calibrated: basis === 'calibration',
    basis,
    known,
    candidates: tally(candidates, rescale(candidates, confidence), voters),
  };
}

/**
 * The calibrated probability that the collection holds what a photo shows, whichever label it is.
 *
 * @param neighbours as for {@link identifyBreed}
 * @returns 0..1; 0 when no neighbour has a label
 */
export function computeKnownProbability(neighbours: readonly Voter[], calibration: Calibration): number {
  const voters = neighbours.slice(0, calibration.k);
  const candidates = getCalibratedVote(voters, calibration);
  return candidates.length === 0 ? 0 : predict(calibration.known, computeFeatures(voters, candidates));
}

function answerByVote(voters: readonly Voter[], candidates: readonly Candidate[]): BreedAnswer {
  const [first] = candidates;
  return {
    decision: decideByVote(candidates),
    breed: first?.label ?? null,
    confidence: first?.confidence ?? 0,
    calibrated: false,
    basis: 'vote',
    known: null,
    candidates: tally(
      candidates,
      candidates.map(({ confidence }) => confidence),
      voters,
    ),
  };
}

function tally(
  shares: readonly Candidate[],
  confidences: readonly number[],
  voters: readonly Voter[],
): TalliedCandidate[] {
  return shares.map(({ label, confidence: share }, i) => {
    const own = voters.filter((voter) => voter.label === label);
    return {
      label,
      confidence: confidences[i]!,
      share,
      count: own.length,
      similarity: Math.max(...own.map(({ similarity }) => similarity)),
    };
  });
}

/**
 * The first candidate's probability, and for the others their shares of what is left, but never more than the first
 * has.
 */
function rescale([first, ...others]: readonly Candidate[], confidence: number): number[] {
  const left = (1 - confidence) / Math.max(1e-12, 1 - first!.confidence);
  const cap = confidence / Math.max(1e-12, others[0]?.confidence ?? 0);
  const factor = Math.min(left, cap);
  // The bound again, since the product may be rounded up.
  return [confidence, ...others.map(({ confidence: share }) => Math.min(confidence, share * factor))];
}
