/** Identifies the breed from the nearest neighbours of a photo. */
import type { BreedAnswer } from './breed-answer.js';
import { type Calibration, type Evidence, predictOutcome } from './calibration.js';
import { type Candidate, type Voter, vote } from './vote.js';

/** Settings of {@link identifyBreed}. */
export interface AnswerOptions {
  /** Temperature of the vote, > 0; the model card has the value that suits its encoder. */
  temperature: number;
  /** The calibration of the collection, if there is one for this encoder. */
  calibration?: Calibration | null;
  /** Statistics of the encoder for any collection, used if there is no calibration. */
  statistics?: Calibration | null;
}

/**
 * Identifies the breed from the nearest neighbours of a photo.
 *
 * A calibration is only valid for the vote it was fitted to: exactly its `k` nearest neighbours vote, at its
 * temperature. If there are fewer neighbours, all of them vote and the statistics of the encoder decide.
 *
 * @param neighbours the nearest items of a collection, nearest first; an empty collection gives `unknown`
 * @param nonPetSimilarity cosine similarity to the nearest non-pet photo; without it, a calibration that needs it is not
 *   used
 */
export function identifyBreed(
  neighbours: readonly Voter[],
  options: AnswerOptions,
  nonPetSimilarity: number | null = null,
): BreedAnswer {
  const { calibration, statistics } = options;
  if (
    calibration &&
    neighbours.length >= calibration.k &&
    (nonPetSimilarity !== null || calibration.pet === undefined)
  ) {
    const voters = neighbours.slice(0, calibration.k);
    const candidates = vote(voters, calibration.temperature, calibration.votes);
    return answerByFit({ neighbours: voters, candidates, nonPetSimilarity }, calibration, 'calibration');
  }
  const candidates = vote(neighbours, options.temperature);
  return statistics
    ? answerByFit({ neighbours, candidates, nonPetSimilarity }, statistics, 'statistics')
    : answerByVote(neighbours, candidates);
}

function answerByFit(evidence: Evidence, fit: Calibration, basis: 'calibration' | 'statistics'): BreedAnswer {
  const { neighbours, candidates } = evidence;
  // Without labels no answer can be right.
  if (candidates.length === 0) {
    return answerByVote(neighbours, candidates);
  }
  const { right: fitted, known } = predictOutcome(evidence, fit);
  // Statistics of other collections cannot tell which of several labels that share the vote is right.
  const isContested = basis === 'statistics' && decideByVote(candidates) === 'ambiguous';
  const right = isContested ? Math.min(fitted, candidates[0]!.confidence) : fitted;
  const byFit = decideByProbability(right, known, fit);
  const decision = isContested && byFit === 'match' ? 'ambiguous' : byFit;
  // If the collection probably does not contain what the photo shows, no label deserves more confidence than that.
  const confidence = decision === 'unknown' ? Math.min(right, known) : right;
  return {
    decision,
    breed: decision === 'unknown' ? null : candidates[0]!.label,
    confidence,
    calibrated: basis === 'calibration',
    basis,
    known,
    candidates: addEvidence(candidates, rescale(candidates, confidence), neighbours),
  };
}

/**
 * Computes the calibrated probability that the collection contains what a photo shows, regardless of the label.
 *
 * @param neighbours like `nonPetSimilarity`, as for {@link identifyBreed}
 * @returns 0..1; 0 if no neighbour has a label
 */
export function computeKnownProbability(
  neighbours: readonly Voter[],
  calibration: Calibration,
  nonPetSimilarity: number | null = null,
): number {
  const voters = neighbours.slice(0, calibration.k);
  const candidates = vote(voters, calibration.temperature, calibration.votes);
  return candidates.length === 0
    ? 0
    : predictOutcome({ neighbours: voters, candidates, nonPetSimilarity }, calibration).known;
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
    candidates: addEvidence(
      candidates,
      candidates.map(({ confidence }) => confidence),
      voters,
    ),
  };
}

function addEvidence(
  shares: readonly Candidate[],
  confidences: readonly number[],
  voters: readonly Voter[],
): BreedAnswer['candidates'] {
  return shares.map(({ label, confidence: share }, i) => {
    const supporters = voters.filter((voter) => voter.label === label);
    return {
      label,
      confidence: confidences[i]!,
      share,
      count: supporters.length,
      similarity: Math.max(...supporters.map(({ similarity }) => similarity)),
    };
  });
}

/**
 * Gives the first candidate its probability and shares the rest among the others, none of which gets more than the
 * first.
 */
function rescale([first, ...others]: readonly Candidate[], confidence: number): number[] {
  const left = (1 - confidence) / Math.max(1e-12, 1 - first!.confidence);
  const cap = confidence / Math.max(1e-12, others[0]?.confidence ?? 0);
  const factor = Math.min(left, cap);
  // The product may be rounded up, so apply the bound again.
  return [confidence, ...others.map(({ confidence: share }) => Math.min(confidence, share * factor))];
}

type Decision = BreedAnswer['decision'];

/**
 * Decides by the vote alone, without calibration: `match` if one label has more than half of the vote, `unknown` if
 * nobody voted, else `ambiguous`. A vote alone cannot recognise photos of something else, since its shares sum to 1
 * even if all neighbours are far away.
 *
 * @param candidates by share, largest first
 */
function decideByVote(candidates: readonly Candidate[]): Decision {
  const [first] = candidates;
  if (first === undefined) {
    return 'unknown';
  }
  return first.confidence > 0.5 ? 'match' : 'ambiguous';
}

/**
 * Decides by calibrated probabilities.
 *
 * @param right probability that the first candidate is right, 0..1
 * @param known probability that the collection contains what the photo shows, 0..1
 */
function decideByProbability(
  right: number,
  known: number,
  { thresholds }: Pick<Calibration, 'thresholds'>,
): Decision {
  if (known < thresholds.known) {
    return 'unknown';
  }
  return right >= thresholds.match ? 'match' : 'ambiguous';
}
