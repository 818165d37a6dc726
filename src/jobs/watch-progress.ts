/** Publishes the progress of a running job, with its pace and remaining time, estimated from the last seconds. */
import { PaceMeter } from '../math/pace-meter.js';
import type { ReportedProgress } from './job.js';
import { type JobEntry, publishJob } from './job-entry.js';

/** How often the record of a running job is updated. */
const RECORD_MS = 5_000;
/** Work in these phases resumes after a crash. A job that makes progress in one of them is not the cause of crashes. */
const KEPT_PHASES: ReadonlySet<ReportedProgress['phase']> = new Set(['indexing', 'importing', 'embedding']);

/**
 * Creates the function that a running job reports its progress to.
 *
 * @param record stores the job
 */
export function watchProgress(entry: JobEntry, record: () => void): (reported: ReportedProgress) => void {
  let meter = new PaceMeter();
  let first: ReportedProgress | null = null;
  let recordedAt = performance.now();
  return (reported) => {
    if (entry.finishing !== null || entry.job.state !== 'running') {
      return;
    }
    if (first?.phase !== reported.phase) {
      first = reported;
      meter = new PaceMeter();
    }
    const at = performance.now();
    const { perSecond, secondsLeft } = meter.measure(reported, at / 1000);
    const hasProgressed = KEPT_PHASES.has(reported.phase) && reported.done > first.done;
    publishJob(entry, {
      ...entry.job,
      progress: {
        ...reported,
        perSecond: perSecond === null ? null : Number(perSecond.toPrecision(3)),
        secondsLeft: secondsLeft === null ? null : Math.ceil(secondsLeft),
      },
      interruptions: hasProgressed ? 0 : entry.job.interruptions,
    });
    if (at - recordedAt >= RECORD_MS) {
      recordedAt = at;
      record();
    }
  };
}
