/** Measures the pace of long work, and estimates how long the rest takes. */

/** Seconds over which the pace is measured. A shorter time would jump with each batch. */
const WINDOW = 30;
/** Units over which the share of real work is measured. */
const SHARE_UNITS = 500;
/** Seconds between samples that are kept, which limits their number. */
const SAMPLE_INTERVAL = 0.5;
/** Seconds of work before a pace is reported. */
const MIN_SECONDS = 1;

interface Sample {
  at: number;
  done: number;
  worked: number;
}

export interface Pace {
  /** Units of real work per second, without skipped ones; null while unknown. */
  perSecond: number | null;
  /** Null while unknown. */
  secondsLeft: number | null;
}

/**
 * Measures the pace of work that is partly done already. Skipped units take almost no time, so only the others count. The
 * time left assumes that the share of skipped units stays as it was recently.
 */
export class PaceMeter {
  #samples: Sample[] = [];

  /**
   * @param progress done: units processed so far; skipped: how many of them were skipped; total: units, including those that
   *   will be skipped
   * @param at seconds of a monotonic clock
   */
  measure({ done, total, skipped = 0 }: { done: number; total: number; skipped?: number }, at: number): Pace {
    const now = { at, done, worked: done - skipped };
    const newest = this.#samples.at(-1);
    if (newest === undefined || at - newest.at >= SAMPLE_INTERVAL) {
      this.#samples.push(now);
    }
    // Keep one sample from before each window, so that all of it is covered.
    const isOld = (sample: Sample) => at - sample.at >= WINDOW && done - sample.done >= SHARE_UNITS;
    while (this.#samples.length > 2 && isOld(this.#samples[1]!)) {
      this.#samples.shift();
    }
    const oldest = this.#samples[0]!;
    const first = this.#samples.findLast((sample) => at - sample.at >= WINDOW) ?? oldest;
    if (at - first.at < MIN_SECONDS || now.worked <= first.worked) {
      return { perSecond: null, secondsLeft: null };
    }
    const recent = this.#samples.findLast((sample) => done - sample.done >= SHARE_UNITS) ?? oldest;
    const share = done > recent.done ? (now.worked - recent.worked) / (done - recent.done) : 1;
    const perSecond = (now.worked - first.worked) / (at - first.at);
    return { perSecond, secondsLeft: (Math.max(0, total - done) * share) / perSecond };
  }
}
