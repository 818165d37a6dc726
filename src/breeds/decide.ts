/** Turns a vote or a calibrated answer into one of three decisions. */
import type { Calibration } from './calibration.js';
import type { Candidate } from './vote.js';

/** `match`: one breed; `ambiguous`: several candidates are possible; `unknown`: nothing similar was found. */
export type Decision = 'match' | 'ambiguous' | 'unknown';

/**
 * Decides by the vote alone, without calibration: `match` if one label has more than half of the vote, `unknown` if
 * nobody voted, else `ambiguous`. A vote alone cannot recognise photos of something else, since its shares sum to 1
 * even if all neighbours are far away.
 *
 * @param candidates by share, largest first
 */
export function decideByVote(candidates: readonly Candidate[]): Decision {
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
export function decideByProbability(
  right: number,
  known: number,
  { thresholds }: Pick<Calibration, 'thresholds'>,
): Decision {
  if (known < thresholds.known) {
    return 'unknown';
  }
  return right >= thresholds.match ? 'match' : 'ambiguous';
}
