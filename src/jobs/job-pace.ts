/** Measures the pace of a job and estimates its remaining time from the last seconds. */
import type { ReportedProgress } from './job.js';

/**
 * The window of the measurement. A shorter one would jump with each batch; a longer one would include photos skipped at the
 * start.
 */
const WINDOW_MS = 30_000;
/** Smallest interval between samples, which limits their number. */
const SAMPLE_MS = 500;
/** No pace is reported before this much of a phase was measured. */
const LEAST_MS = 1_000;

interface Sample {
  at: number;
  done: number;
}

/** The pace of one run of a job. Each phase is measured from its own start. */
export class JobPace {
  #phase: string | null = null;
  #samples: Sample[] = [];

  /**
   * Records a report and returns the pace.
   *
   * @param at milliseconds of a monotonic clock
   * @returns steps per second and seconds left in this phase, null while unknown
   */
  measure(
    { phase, done, total }: ReportedProgress,
    at: number,
  ): { perSecond: number | null; secondsLeft: number | null } {
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#samples = [];
    }
    const last = this.#samples.at(-1);
    if (last === undefined || at - last.at >= SAMPLE_MS) {
      this.#samples.push({ at, done });
    }
    // Keep one sample from before the window, so that the whole window is covered.
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= WINDOW_MS) {
      this.#samples.shift();
    }
    const first = this.#samples[0]!;
    if (at - first.at < LEAST_MS || done <= first.done) {
      return { perSecond: null, secondsLeft: null };
    }
    const perSecond = ((done - first.done) / (at - first.at)) * 1000;
    const round = (value: number) => Number(value.toPrecision(3));
    return { perSecond: round(perSecond), secondsLeft: Math.ceil(Math.max(0, total - done) / perSecond) };
  }
}
