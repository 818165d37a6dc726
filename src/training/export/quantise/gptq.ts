/**
 * Rounding a convolution's weights so that what it computes stays, not each weight by itself: GPTQ (Frantar et al. 2022,
 * arXiv 2210.17323; after Hassibi and Stork 1993, "Optimal Brain Surgeon"). Round-to-nearest is the largest part of an
 * encoder's int8 error, and mostly what 7-bit weights would cost.
 */

import { invertCholeskyFactor } from '../../../math/decompositions.js';

/** Share of the mean diagonal that is added to the second moments, so that they can be inverted. */
const DAMPING = 0.01;

/** Filters that read the same inputs. */
export interface FilterGroup {
  /** float [filters, size], row-major. */
  readonly weights: Float32Array;
  /** Second moments of the inputs about their mean, [size, size]; changed in the course. */
  readonly moments: Float64Array;
  readonly size: number;
  /** Value of one step of each filter's weights, [filters]. */
  readonly scales: Float32Array;
  /** Largest absolute integer. */
  readonly limit: number;
}

/**
 * Rounds the weights one input after the other, the rest of each filter making up for the error of what is already
 * rounded; inputs that vary most come first.
 *
 * @returns integers [filters, size]
 */
export function roundFilters({ weights, moments, size, scales, limit }: FilterGroup): Int8Array {
  damp(moments, size);
  // Ascending: the inverse factor's last row tells how the other inputs make up for the last one.
  const order = [...Array(size).keys()].sort(
    (a, b) => moments[a * size + a]! - moments[b * size + b]! || b - a,
  );
  const factor = invertCholeskyFactor(size, (row, column) => moments[order[row]! * size + order[column]!]!);
  const rounded = new Int8Array(weights.length);
  const rest = new Float64Array(size);
  scales.forEach((scale, f) => {
    const from = f * size;
    for (let i = 0; i < size; i += 1) {
      rest[i] = weights[from + order[i]!]!;
    }
    for (let i = size - 1; i >= 0; i -= 1) {
      const integer = Math.max(-limit, Math.min(limit, Math.round(rest[i]! / scale)));
      rounded[from + order[i]!] = integer;
      const row = i * size;
      const error = (rest[i]! - integer * scale) / factor[row + i]!;
      for (let j = 0; j < i; j += 1) {
        rest[j]! -= error * factor[row + j]!;
      }
    }
  });
  return rounded;
}

function damp(moments: Float64Array, size: number): void {
  let trace = 0;
  for (let i = 0; i < size; i += 1) {
    trace += moments[i * size + i]!;
  }
  const added = (DAMPING * trace) / size + 1e-9;
  for (let i = 0; i < size; i += 1) {
    moments[i * size + i]! += added;
  }
}
