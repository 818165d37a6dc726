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
const PLAIN_FALSE_MATCHES = 0.03;

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

/** Finds a threshold above all confidences except the `allowed` highest. */
function findThresholdAbove(confidences: readonly number[], allowed: number): number {
  return ([...confidences].sort((a, b) => b - a)[Math.floor(allowed)] ?? 0) + 1e-6;
}

/**
 * Finds the smallest threshold for `match` at which enough answers are right, and at which hardly any non-pets match,
 * nor photos of the plain label with another one.
 */
export function findMatchThreshold(
  queries: readonly JudgedQuery[],
  nonPets: { confidences: number[]; count: number },
  plain: { label: string | undefined; count: number },
): number {
  const misread = queries.filter((query) => query.label === plain.label && !query.right);
  // A match must never be more likely wrong than right.
  return Math.max(
    0.5,
    findPrecisionThreshold(queries),
    findThresholdAbove(nonPets.confidences, FALSE_MATCHES * nonPets.count),
    findThresholdAbove(
      misread.map(({ confidence }) => confidence),
      PLAIN_FALSE_MATCHES * plain.count,
    ),
  );
}

/** Finds the threshold for `unknown`, below which few queries are. @param known probability that each is known */
export function findKnownThreshold(known: readonly number[]): number {
  const sorted = [...known].sort((a, b) => a - b);
  return sorted[Math.floor(REFUSED * sorted.length)]!;
}
