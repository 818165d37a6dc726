/** Starts a job on the server and waits for its result. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PawdexError } from '../errors.js';
import type { WorkOptions } from '../evaluation/collection-queries.js';
import { isOver, type JobRequest } from '../jobs/job.js';
import type { PawdexClient } from './client.js';
import type { Job } from './wire.js';

/** Pause between two requests for the state of a job, in milliseconds. */
const ASK_EVERY_MS = 300;

/**
 * Starts a job and waits for its result. Cancels the job when the signal is aborted.
 *
 * @throws the error the job failed with; the signal's reason; PawdexError server_unreachable, job_queue_full
 */
export async function runJob(
  client: PawdexClient,
  request: JobRequest,
  { signal, onProgress }: WorkOptions = {},
): Promise<unknown> {
  signal?.throwIfAborted();
  let job: Job = await client.startJob(request);
  while (!isOver(job)) {
    if (job.progress !== null) {
      onProgress?.(job.progress);
    }
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal?.aborted === true) {
      job = await client.cancelJob(job.id);
      // A job that succeeded before it could be cancelled counts as succeeded.
      if (job.state !== 'succeeded') {
        signal.throwIfAborted();
      }
    } else {
      job = await client.getJob(job.id);
    }
  }
  if (job.state === 'succeeded') {
    return job.result;
  }
  if (job.error !== null) {
    throw PawdexError.fromWire(job.error);
  }
  throw new PawdexError('job_cancelled');
}
