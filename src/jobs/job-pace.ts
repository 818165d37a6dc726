/** How fast a job goes and how long it will take, from what it did in the last seconds. */
import type { ReportedProgress } from './job.js';

/** What counts as recent. Shorter would jump with each batch; longer would remember what was skipped at the start. */
const WINDOW_MS = 30_000;
/** Least time between two samples, which bounds how many are kept. */
const SAMPLE_MS = 500;
/** Before this much of a phase has been seen, its pace is a guess. */
const LEAST_MS = 1_000;

interface Sample {
  at: number;
  done: number;
}

/** The pace of one run of a job. A new phase starts from nothing. */
export class JobPace {
  #phase: string | null = null;
  #samples: Sample[] = [];

  /**
   * Takes in a report and gives the pace by it.
   *
   * @param at milliseconds of any clock that does not go back
   * @returns steps per second and seconds left of this phase, null while that is not known
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
    // One sample older than the window stays, so that the window is covered.
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
