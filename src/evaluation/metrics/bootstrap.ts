/** Computes confidence intervals by resampling the queries (Efron 1979; percentile intervals). */
import { createRandom } from '../../math/random.js';

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  resamples?: number;
  /** Share of resamples inside the interval. */
  level?: number;
  seed?: number;
}

/**
 * Computes the percentile interval of a statistic of n queries.
 *
 * @param n queries
 * @param statistic value for a resample, given as n positions in 0..n-1, drawn with replacement
 * @returns null without queries
 */
export function bootstrap(
  n: number,
  statistic: (sample: Uint32Array) => number,
  { resamples = 1000, level = 0.95, seed = 1 }: BootstrapOptions = {},
): Interval | null {
  if (n === 0) {
    return null;
  }
  const random = createRandom(seed);
  const sample = new Uint32Array(n);
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) {
      sample[i] = Math.floor(random() * n);
    }
    values[r] = statistic(sample);
  }
  values.sort();
  const tail = (1 - level) / 2;
  const at = (share: number) =>
    values[Math.min(resamples - 1, Math.max(0, Math.round(share * (resamples - 1))))]!;
  return { low: at(tail), high: at(1 - tail) };
}
