/** Metrics of answering only when confident: risk against coverage, and how well a score separates two kinds. */

/** One threshold on confidence. */
export interface RiskPoint {
  /** Queries with at least this confidence are answered. */
  threshold: number;
  /** Share of the queries that are answered, 0..1. */
  coverage: number;
  /** Share of the given answers that are wrong, 0..1. */
  risk: number;
}

/** Sorts positions by score, highest first. */
function sortDescending(scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/**
 * Computes risk and coverage at every distinct confidence, strictest threshold first (El-Yaniv and Wiener 2010; Geifman
 * and El-Yaniv 2017, arXiv 1705.08500). Equal confidences are answered together or not at all.
 */
export function computeRiskCoverage(confidence: Float64Array, right: Uint8Array): RiskPoint[] {
  const order = sortDescending(confidence);
  const points: RiskPoint[] = [];
  let wrong = 0;
  order.forEach((query, i) => {
    wrong += 1 - right[query]!;
    const threshold = confidence[query]!;
    const next = order[i + 1];
    if (next !== undefined && confidence[next] === threshold) {
      return;
    }
    points.push({ threshold, coverage: (i + 1) / order.length, risk: wrong / (i + 1) });
  });
  return points;
}

/**
 * Computes the largest share of queries that one threshold can answer with at least `precision` of the answers right.
 *
 * @param precision 0..1
 * @returns 0..1; 0 if no threshold reaches the precision
 */
export function computeCoverageAtPrecision(curve: readonly RiskPoint[], precision: number): number {
  let best = 0;
  for (const { coverage, risk } of curve) {
    if (1 - risk >= precision - 1e-12) {
      best = Math.max(best, coverage);
    }
  }
  return best;
}

/**
 * Computes the area under the ROC curve: the chance that a positive scores higher than a negative, ties counted half
 * (Hanley and McNeil 1982, by ranks).
 *
 * @returns 0..1; null if one kind is missing
 */
export function computeAuroc(positives: Float64Array, negatives: Float64Array): number | null {
  const p = positives.length;
  const n = negatives.length;
  if (p === 0 || n === 0) {
    return null;
  }
  const scores = new Float64Array(p + n);
  scores.set(positives);
  scores.set(negatives, p);
  const order = sortDescending(scores);
  let area = 0;
  let above = 0;
  for (let i = 0; i < order.length; ) {
    let tiedPositives = 0;
    let tiedNegatives = 0;
    const score = scores[order[i]!];
    do {
      if (order[i]! < p) {
        tiedPositives++;
      } else {
        tiedNegatives++;
      }
      i++;
    } while (i < order.length && scores[order[i]!] === score);
    area += tiedNegatives * (above + tiedPositives / 2);
    above += tiedPositives;
  }
  return area / (p * n);
}

/** Reduces a curve to about `count` points, evenly spread over coverage, always including the last. */
export function thinOut(curve: readonly RiskPoint[], count: number): RiskPoint[] {
  let next = 0;
  return curve.filter(({ coverage }, i) => {
    if (coverage < next && i < curve.length - 1) {
      return false;
    }
    next = Math.max(next + 1 / count, coverage);
    return true;
  });
}
