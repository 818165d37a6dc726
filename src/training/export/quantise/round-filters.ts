/**
 * Rounds the weights of a convolution so that its outputs stay close, rather than each single weight: GPTQ (Frantar et
 * al. 2022, arXiv 2210.17323; after Hassibi and Stork 1993, "Optimal Brain Surgeon"). Rounding to nearest would cause
 * most of the error of an int8 encoder with 7-bit weights.
 */
import { invertCholeskyFactor } from '../../../math/decompositions.js';

/** Share of the mean diagonal that is added to the second moments to make them invertible. */
const DAMPING = 0.01;

/** Filters that read the same inputs. */
export interface FilterGroup {
  /** float [filters, size], row-major. */
  readonly weights: Float32Array;
  /** Second moments of the inputs about their mean, [size, size]. They are changed. */
  readonly moments: Float64Array;
  readonly size: number;
  /** Value of one integer step of each filter's weights, [filters]. */
  readonly scales: Float32Array;
  /** Largest absolute integer. */
  readonly limit: number;
}

/**
 * Rounds the weights input by input. The rest of each filter compensates for the error of the weights that are already
 * rounded. Inputs that vary most come first.
 *
 * @returns integers [filters, size]
 */
export function roundFilters({ weights, moments, size, scales, limit }: FilterGroup): Int8Array {
  damp(moments, size);
  // Ascending, because the last row of the inverse factor says how the other inputs compensate for the last one.
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
