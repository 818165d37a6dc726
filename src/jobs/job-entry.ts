/** A job in the memory of the server that runs it, from when it is accepted or taken up again. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeFailure, PawdexError } from '../errors.js';
import type { Job, JobRequest } from './job.js';

/** How often in a row the server may end while a job runs. After that the job fails, since it may be the cause. */
const MOST_INTERRUPTIONS = 5;

/** How long a stop waits for the running job to notice. */
const STOP_MS = 2_000;

/** What was asked of a running job. It takes effect when its work has noticed. */
export type Wish = 'run' | 'pause' | 'cancel';

/** A job with what the runner needs to know of it. */
export interface JobEntry {
  job: Job;
  /** Counts the changes; followers know by it what they have seen. */
  revision: number;
  /** What is left to do. */
  request: JobRequest | null;
  /** Set once its end is being written down. */
  ending: Promise<void> | null;
  wish: Wish;
  /** Of the current run. */
  stop: AbortController;
  /** Resolves when the current run has ended, successfully or not. */
  run: Promise<void> | null;
  readonly followers: Set<() => void>;
}

/** An entry of a job that does not run. */
export function createEntry(job: Job, request: JobRequest | null): JobEntry {
  return {
    ...{ job, revision: 1, request, ending: null, wish: 'run', run: null },
    ...{ stop: new AbortController(), followers: new Set() },
  };
}

export const now = () => new Date().toISOString();

/** A job that has just been asked for. */
export function createJob(request: JobRequest): Job {
  return {
    ...{ id: randomUUID(), kind: request.kind, state: 'queued', progress: null, result: null, error: null },
    ...{ createdAt: now(), startedAt: null, finishedAt: null, interruptions: 0 },
    collection: 'collection' in request ? request.collection : null,
  };
}

type Change = Partial<Job> & Pick<Job, 'state'>;

function describeEnd(thrown: unknown): Change {
  return { state: 'failed', error: describeFailure(thrown) };
}

/** What becomes of a job whose work threw: because it was stopped, or because it failed. */
export function settleUndone({ stop, wish }: JobEntry, thrown: unknown): Change {
  if (!stop.signal.aborted) {
    return describeEnd(thrown);
  }
  return { state: ({ cancel: 'cancelled', pause: 'paused', run: 'queued' } as const)[wish] };
}

/** What becomes of a job that was not over when the server ended. */
export function takeUpJob(job: Job, request: JobRequest | null): Change {
  const interruptions = job.interruptions + (job.state === 'running' ? 1 : 0);
  if (request === null) {
    return describeEnd(new PawdexError('job_interrupted'));
  }
  if (interruptions >= MOST_INTERRUPTIONS) {
    const detail = `The server ended ${interruptions} times while this job ran, which got no further meanwhile.`;
    const hint = 'Look in the log for why the server ended, then start the job again.';
    return describeEnd(new PawdexError('job_interrupted', { detail, hint }));
  }
  return { interruptions, state: job.state === 'paused' ? 'paused' : 'queued' };
}

/** Replaces the job of an entry and tells its followers. */
export function publishJob(entry: JobEntry, job: Job): void {
  entry.job = job;
  entry.revision++;
  for (const follower of entry.followers) {
    follower();
  }
}

/** Has a running job stop, for a reason, and waits until its work has noticed, but not for long. */
export async function haltRun(entry: JobEntry, wish: Wish): Promise<void> {
  entry.wish = wish;
  entry.stop.abort(new PawdexError(wish === 'cancel' ? 'job_cancelled' : 'job_interrupted'));
  const giveUp = new AbortController();
  await Promise.race([entry.run, sleep(STOP_MS, undefined, { signal: giveUp.signal }).catch(() => {})]);
  giveUp.abort();
}
