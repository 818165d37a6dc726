/** Neighbours in, the breed out: what the engine calls. */
import { type Calibration, featuresOf } from './calibration.js';
import { type Decision, decideByProbability, decideByVote } from './decide.js';
import { predict } from './logistic.js';
import { type Candidate, type Voter, vote } from './vote.js';

/** Settings of {@link answer}. */
export interface AnswerOptions {
  /** Temperature of the vote, > 0; the model card has the value that fits its similarity scale. */
  temperature: number;
  /** What was fitted for the collection with the model that answers, if anything was. */
  calibration?: Calibration | null;
}

/** A breed with how far to trust it. */
export interface BreedAnswer {
  decision: Decision;
  /** The most likely label, also where the decision is `ambiguous`; null when `unknown`. */
  breed: string | null;
  /** That the first candidate is right, 0..1: a fitted probability, or its bare share of the vote. */
  confidence: number;
  /** Whether `confidence` is the fitted probability. */
  calibrated: boolean;
  /** Every label that got a vote, most likely first; they sum to at most 1, the rest being something else. */
  candidates: Candidate[];
}

/**
 * The breed that the nearest neighbours of a photo tell.
 *
 * A calibration holds for the vote it was fitted on: with one, exactly its `k` nearest vote, at its temperature.
 * Where fewer neighbours are given than that, all of them vote and the answer is not calibrated.
 *
 * @param neighbours the nearest items of a collection, nearest first; an empty collection gives `unknown`
 */
export function answer(neighbours: readonly Voter[], options: AnswerOptions): BreedAnswer {
  const { calibration } = options;
  if (calibration === null || calibration === undefined || neighbours.length < calibration.k)
    return answerByVote(vote(neighbours, options.temperature));
  const voters = neighbours.slice(0, calibration.k);
  const candidates = vote(voters, calibration.temperature);
  // Without a single label there is nothing that could be right.
  if (candidates.length === 0) return answerByVote(candidates);
  const features = featuresOf(voters, candidates);
  const confidence = predict(calibration.right, features);
  const decision = decideByProbability(confidence, predict(calibration.known, features), calibration);
  return {
    decision,
    breed: decision === 'unknown' ? null : candidates[0]!.label,
    confidence,
    calibrated: true,
    candidates: rescale(candidates, confidence),
  };
}

/**
 * The calibrated probability that the collection holds what a photo shows, whichever label it is.
 *
 * @param neighbours as for {@link answer}
 * @returns 0..1; 0 when no neighbour has a label
 */
export function knownProbability(neighbours: readonly Voter[], calibration: Calibration): number {
  const voters = neighbours.slice(0, calibration.k);
  const candidates = vote(voters, calibration.temperature);
  return candidates.length === 0 ? 0 : predict(calibration.known, featuresOf(voters, candidates));
}

function answerByVote(candidates: Candidate[]): BreedAnswer {
  const [first] = candidates;
  return {
    decision: decideByVote(candidates),
    breed: first?.label ?? null,
    confidence: first?.confidence ?? 0,
    calibrated: false,
    candidates,
  };
}

/**
 * Gives the first candidate its probability and the others their shares of what is left, but never more than the
 * first has.
 */
function rescale([first, ...others]: Candidate[], confidence: number): Candidate[] {
  const left = (1 - confidence) / Math.max(1e-12, 1 - first!.confidence);
  const cap = confidence / Math.max(1e-12, others[0]?.confidence ?? 0);
  const factor = Math.min(left, cap);
  return [
    { label: first!.label, confidence },
    ...others.map(({ label, confidence: share }) => ({
      label,
      // The bound again, since the product may be rounded up.
      confidence: Math.min(confidence, share * factor),
    })),
  ];
}
