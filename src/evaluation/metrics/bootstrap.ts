/** Computes confidence intervals by resampling the queries (Efron 1979; percentile intervals). */
import { createRandom } from '../../math/random.js';

export interface Interval {
  low: number;
  high: number;
}

const RESAMPLES = 1000;
/** Share of the resamples below the interval, and above it. */
const TAIL = 0.025;
const SEED = 1;

/**
 * Computes the 95 % percentile interval of a statistic of n queries.
 *
 * @param n queries
 * @param statistic value for a resample, given as n positions in 0..n-1, drawn with replacement
 * @returns null without queries
 */
export function bootstrap(n: number, statistic: (sample: Uint32Array) => number): Interval | null {
  if (n === 0) {
    return null;
  }
  const random = createRandom(SEED);
  const sample = new Uint32Array(n);
  const values = new Float64Array(RESAMPLES)
    .map(() => statistic(sample.map(() => Math.floor(random() * n))))
    .sort();
  const readQuantile = (share: number) => values[Math.round(share * (RESAMPLES - 1))]!;
  return { low: readQuantile(TAIL), high: readQuantile(1 - TAIL) };
}
