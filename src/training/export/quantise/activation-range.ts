/** Chooses how a tensor is rounded to 8 bits from the values that it takes. */
import type { Affine } from './quantisation-plan.js';

/** Number of values in each of the equal bins of [low, high]. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: Float64Array;
}

/** Largest integer of an activation. */
const MAX_INTEGER = 255;
/** Factors to try for each end of the range, from 1 down to a fifth, in steps of a fiftieth. */
const CLIP_FACTORS = Array.from({ length: 41 }, (_, i) => 1 - i * 0.02);

/**
 * Finds the rounding with the least squared error over the histogram, including what is clipped (as in Choukroun et
 * al. 2019, arXiv 1902.06822). Zero is always represented exactly, because padding and clipped activations are zeros.
 */
export function fitAffine({ low, high, counts }: Histogram): Affine {
  const below = Math.max(-low, 0);
  const above = Math.max(high, 0);
  const width = (high - low) / counts.length;
  const filled = [...counts.keys()].filter((bin) => counts[bin] !== 0);
  const weights = Float64Array.from(filled, (bin) => counts[bin] ?? 0);
  const centres = Float64Array.from(filled, (bin) => low + (bin + 0.5) * width);
  let best: Affine = { scale: 1, zero: 0 };
  let minError = Number.POSITIVE_INFINITY;
  for (const a of below > 0 ? CLIP_FACTORS : [1]) {
    for (const b of above > 0 ? CLIP_FACTORS : [1]) {
      const scale = Math.fround((above * b + below * a) / MAX_INTEGER);
      if (!(scale > 0)) {
        continue;
      }
      const zero = Math.round((below * a) / scale);
      const error = computeSquaredError(centres, weights, scale, zero, minError);
      if (error < minError) {
        minError = error;
        best = { scale, zero };
      }
    }
  }
  return best;
}

/** Computes the squared error. Stops once it exceeds `limit`. */
function computeSquaredError(
  centres: Float64Array,
  weights: Float64Array,
  scale: number,
  zero: number,
  limit: number,
): number {
  let error = 0;
  for (let i = 0; i < centres.length && error < limit; i++) {
    const value = centres[i]!;
    const integer = Math.min(MAX_INTEGER, Math.max(0, Math.round(value / scale) + zero));
    error += weights[i]! * (value - (integer - zero) * scale) ** 2;
  }
  return error;
}
