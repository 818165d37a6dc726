/** From the shares of a vote to one of three answers. */
import type { Calibration } from './calibration.js';
import type { Candidate } from './vote.js';

/** `match`: one breed; `ambiguous`: it wavers between the candidates; `unknown`: nothing here is close. */
export type Decision = 'match' | 'ambiguous' | 'unknown';

/**
 * The decision of a bare vote, without calibration: `match` when one label holds more than half of the vote,
 * `ambiguous` when none does, `unknown` only when nobody voted. A vote alone cannot tell a photo of something
 * else: its shares sum to 1 however far away all neighbours are.
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
 * The decision of a calibrated answer.
 *
 * @param right probability that the first candidate is right, 0..1
 * @param known probability that the collection holds what the photo shows, 0..1
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
