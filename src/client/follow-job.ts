/** Starts a job on the server and waits for its result, even if the server is restarted and resumes the job. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PawdexError } from '../errors.js';
import { isFinished, type JobProgress } from '../jobs/job.js';
import type { JobRequest } from '../jobs/job-request.js';
import { keepTrying } from '../threads/keep-trying.js';
import type { PawdexClient } from './client.js';
import { RESTARTING } from './patient-engine.js';
import type { Job } from './wire.js';

/** Interval between requests for the state of a job, in milliseconds. */
const POLL_INTERVAL_MS = 300;
/** How long to wait for a server that does not answer. */
const PATIENCE_MS = 120_000;

/** Callbacks while a job runs. */
export interface RunJobOptions {
  signal?: AbortSignal;
  onProgress?: (progress: JobProgress) => void;
  /** Called once if the job has to wait for others. */
  onQueued?: () => void;
  /** How long to wait for a server that does not answer, in milliseconds. Default: two minutes. */
  patienceMs?: number;
}

/**
 * Starts a job and waits for its result. Cancels the job when the signal is aborted.
 *
 * @throws the error the job failed with; the signal's reason; PawdexError server_unreachable, job_queue_full
 */
export async function runJob(
  client: PawdexClient,
  request: JobRequest,
  options: RunJobOptions = {},
): Promise<unknown> {
  options.signal?.throwIfAborted();
  return (await followJob(client, await client.startJob(request), options)).result;
}

/** Returns the current state of a job, or the last known one if the signal is aborted while the server does not answer. */
async function refreshJob(
  client: PawdexClient,
  job: Job,
  { signal, patienceMs = PATIENCE_MS }: RunJobOptions,
): Promise<Job> {
  const patience = { codes: RESTARTING, patienceMs, waitMs: () => POLL_INTERVAL_MS, signal };
  return keepTrying(() => client.getJob(job.id), patience).catch((error) => {
    if (signal?.aborted) {
      return job;
    }
    throw error;
  });
}

/** Waits for a started job, like {@link runJob}. @returns the successful job */
export async function followJob(
  client: PawdexClient,
  started: Job,
  options: RunJobOptions = {},
): Promise<Job> {
  const { signal, onProgress, onQueued } = options;
  let job = started;
  let isWaiting = false;
  while (!isFinished(job)) {
    if (job.progress !== null) {
      onProgress?.(job.progress);
    }
    await sleep(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {});
    if (signal?.aborted === true) {
      job = await client.cancelJob(job.id);
      // A job that succeeded before it could be cancelled counts as succeeded.
      if (job.state !== 'succeeded') {
        signal.throwIfAborted();
      }
    } else {
      job = await refreshJob(client, job, options);
    }
    if (job.state === 'queued' && !isWaiting) {
      isWaiting = true;
      onQueued?.();
    }
  }
  if (job.state === 'succeeded') {
    return job;
  }
  if (job.error !== null) {
    throw PawdexError.fromWire(job.error);
  }
  throw new PawdexError('job_cancelled');
}
