/** Neighbours in, the breed out: what the engine calls. */
import { type Decision, decideByVote } from './decide.js';
import { type Candidate, type Voter, vote } from './vote.js';

/** Settings of {@link answer}. */
export interface AnswerOptions {
  /** Temperature of the vote, > 0; the model card has the value that fits its similarity scale. */
  temperature: number;
}

/** A breed with how far to trust it. */
export interface BreedAnswer {
  decision: Decision;
  /** The most likely label, also where the decision is `ambiguous`; null when `unknown`. */
  breed: string | null;
  /** The first candidate's share of the vote, 0..1; 0 when nobody voted. */
  confidence: number;
  /** Whether `confidence` is a fitted probability of being right, or the bare share of the vote. */
  calibrated: boolean;
  /** Every label that got a vote, most likely first. */
  candidates: Candidate[];
}

/**
 * The breed that the nearest neighbours of a photo tell.
 *
 * @param neighbours the k nearest items of a collection, in any order; an empty collection gives `unknown`
 */
export function answer(neighbours: readonly Voter[], options: AnswerOptions): BreedAnswer {
  const candidates = vote(neighbours, options.temperature);
  const decision = decideByVote(candidates);
  const [first] = candidates;
  return {
    decision,
    breed: decision === 'unknown' || first === undefined ? null : first.label,
    confidence: first?.confidence ?? 0,
    calibrated: false,
    candidates,
  };
}
