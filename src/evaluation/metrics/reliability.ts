/** Measures whether confidences match the share of right answers. */

/** One bar of a reliability diagram. */
export interface ReliabilityBin {
  /** The bin contains confidences in (from, to]; the first one also 0. */
  from: number;
  to: number;
  count: number;
  /** Mean confidence in the bin, 0..1; null if it is empty. */
  confidence: number | null;
  /** Share of right answers in the bin, 0..1; null if it is empty. */
  accuracy: number | null;
}

/** As many as in Guo et al. 2017. */
const BINS = 15;

/**
 * Computes equal-width bins over confidence (Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural
 * networks", arXiv 1706.04599, section 2).
 *
 * @param confidence 0..1, one per answer
 * @param right 1 for right answers
 */
export function computeReliability(confidence: Float64Array, right: Uint8Array): ReliabilityBin[] {
  const count = new Array<number>(BINS).fill(0);
  const sum = new Array<number>(BINS).fill(0);
  const hits = new Array<number>(BINS).fill(0);
  confidence.forEach((value, i) => {
    const bin = Math.min(BINS - 1, Math.max(0, Math.ceil(value * BINS) - 1));
    count[bin]!++;
    sum[bin]! += value;
    hits[bin]! += right[i]!;
  });
  return count.map((n, bin) => ({
    from: bin / BINS,
    to: (bin + 1) / BINS,
    count: n,
    confidence: n === 0 ? null : sum[bin]! / n,
    accuracy: n === 0 ? null : hits[bin]! / n,
  }));
}

/**
 * Computes the expected calibration error: the mean gap between confidence and accuracy over the bins, weighted by
 * count.
 *
 * @returns 0..1; null without answers
 */
export function computeExpectedCalibrationError(confidence: Float64Array, right: Uint8Array): number | null {
  if (confidence.length === 0) {
    return null;
  }
  let error = 0;
  for (const bin of computeReliability(confidence, right)) {
    if (bin.confidence === null || bin.accuracy === null) {
      continue;
    }
    error += (bin.count / confidence.length) * Math.abs(bin.confidence - bin.accuracy);
  }
  return error;
}
