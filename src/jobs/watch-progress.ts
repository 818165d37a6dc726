/** Publishes the progress of a running job with its pace, and has it recorded now and then. */
import type { ReportedProgress } from './job.js';
import { type JobEntry, publishJob } from './job-entry.js';
import { JobPace } from './job-pace.js';

/** How often the record of a running job is brought up to date. */
const RECORD_MS = 5_000;
/** Work in these phases goes on where it was: a job that gets further in one is not what ends the server. */
const KEPT_PHASES: ReadonlySet<ReportedProgress['phase']> = new Set(['indexing', 'importing', 'embedding']);

/**
 * What the work of a running job reports to.
 *
 * @param record writes the job down
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
