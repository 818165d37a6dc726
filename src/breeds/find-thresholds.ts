/**
 * Finds the thresholds of a calibration: the probability from which an answer is a `match`, and the one below which it is
 * `unknown`.
 */

/** Share of pets that may be answered `unknown`. */
const REFUSED = 0.005;
/** Required share of right answers among matches. */
const PRECISION = 0.95;
/** Share of non-pets that may match: half of the promised share, since there are few to fit to. */
const FALSE_MATCHES = 0.0025;
/** Share of the common label's photos that may match another label. */
const NO_BREED_FALSE_MATCHES = 0.03;

/** A query that was not refused. */
export interface JudgedQuery {
  label: string;
  /** Whether its first candidate is right, and the probability of that. */
  right: boolean;
  confidence: number;
  weight: number;
}

/** Finds the smallest threshold above which the weighted share of right answers is high enough. */
function findPrecisionThreshold(queries: readonly JudgedQuery[]): number {
  const sorted = [...queries].sort((a, b) => b.confidence - a.confidence);
  let right = 0;
  let all = 0;
  let threshold = 1;
  sorted.forEach((query, i) => {
    all += query.weight;
    if (query.right) {
      right += query.weight;
    }
    const last = sorted[i + 1]?.confidence !== query.confidence;
    if (last && right / all >= PRECISION) {
      threshold = query.confidence;
    }
  });
  return threshold;
}

/** An answer that must not be a match. */
interface WeightedAnswer {
  confidence: number;
  weight: number;
}

/** Finds the smallest threshold that answers of at most the `allowed` weight reach. */
function findThresholdAbove(answers: readonly WeightedAnswer[], allowed: number): number {
  let reached = 0;
  const first = [...answers]
    .sort((a, b) => b.confidence - a.confidence)
    .find(({ weight }) => {
      reached += weight;
      return reached > allowed;
    });
  return (first?.confidence ?? 0) + 1e-6;
}

/**
 * Finds the smallest threshold for `match` at which enough answers are right, and at which hardly any non-pets match,
 * nor photos without a breed with another label.
 *
 * @param noBreed the label for "no breed", and the weight of all its queries
 */
export function findMatchThreshold(
  queries: readonly JudgedQuery[],
  nonPets: { confidences: number[]; count: number },
  noBreed: { label: string | undefined; weight: number },
): number {
  // A match must never be more likely wrong than right.
  return Math.max(
    0.5,
    findPrecisionThreshold(queries),
    findThresholdAbove(
      nonPets.confidences.map((confidence) => ({ confidence, weight: 1 })),
      FALSE_MATCHES * nonPets.count,
    ),
    findThresholdAbove(
      queries.filter((query) => query.label === noBreed.label && !query.right),
      NO_BREED_FALSE_MATCHES * noBreed.weight,
    ),
  );
}

/**
 * Finds the threshold for `unknown`, below which few queries are.
 *
 * @param known probability that each is known
 */
export function findKnownThreshold(known: readonly number[]): number {
  const sorted = [...known].sort((a, b) => a - b);
  return sorted[Math.floor(REFUSED * sorted.length)]!;
}
