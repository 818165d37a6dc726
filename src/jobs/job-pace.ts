/** Publishes the progress of a running job, with its pace and remaining time, estimated from the last seconds. */
import type { ReportedProgress } from './job.js';
import { type JobEntry, publishJob } from './job-entry.js';

/**
 * The window of the measurement. A shorter one would jump with each batch; a longer one would include photos skipped at the
 * start.
 */
const WINDOW_MS = 30_000;
/** Smallest interval between samples, which limits their number. */
const SAMPLE_MS = 500;
/** No pace is reported before this much of a phase was measured. */
const MIN_MS = 1_000;

/** How often the record of a running job is updated. */
const RECORD_MS = 5_000;
/** Work in these phases resumes after a crash. A job that makes progress in one of them is not the cause of crashes. */
const KEPT_PHASES: ReadonlySet<ReportedProgress['phase']> = new Set(['indexing', 'importing', 'embedding']);

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
    if (at - first.at < MIN_MS || done <= first.done) {
      return { perSecond: null, secondsLeft: null };
    }
    const perSecond = ((done - first.done) / (at - first.at)) * 1000;
    const round = (value: number) => Number(value.toPrecision(3));
    return { perSecond: round(perSecond), secondsLeft: Math.ceil(Math.max(0, total - done) / perSecond) };
  }
}

/**
 * Creates the function that a running job reports its progress to.
 *
 * @param record stores the job
 */
export function watchProgress(entry: JobEntry, record: () => void): (reported: ReportedProgress) => void {
  const pace = new JobPace();
  let first: ReportedProgress | null = null;
  let recordedAt = performance.now();
  return (reported) => {
    if (entry.ending !== null || entry.job.state !== 'running') {
      return;
    }
    if (first?.phase !== reported.phase) {
      first = reported;
    }
    const at = performance.now();
    const isFurther = KEPT_PHASES.has(reported.phase) && reported.done > first.done;
    publishJob(entry, {
      ...entry.job,
      progress: { ...reported, ...pace.measure(reported, at) },
      interruptions: isFurther ? 0 : entry.job.interruptions,
    });
    if (at - recordedAt >= RECORD_MS) {
      recordedAt = at;
      record();
    }
  };
}
