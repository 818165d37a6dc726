/** The in-memory state of a job. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeFailure, PawdexError } from '../errors.js';
import { isFinished, type Job } from './job.js';
import type { JobRequest } from './job-request.js';

/** How often in a row the server may die during a job. After that the job fails, since it may be the cause. */
const MAX_INTERRUPTIONS = 5;

/** Maximum number of finished jobs to keep. The oldest are deleted first. */
const MAX_FINISHED = 100;

/** Maximum number of successful exports to keep, because their files are as large as the collection. */
const MAX_EXPORTS = 3;

/** How long to wait for a running job to stop. */
const STOP_MS = 2_000;

/** A request to stop a running job. It takes effect once the work notices. */
export type Intent = 'run' | 'pause' | 'cancel';

/** A job with the runner's data about it. */
export interface JobEntry {
  job: Job;
  /** Number of changes, so that clients that follow the job know what they have seen. */
  revision: number;
  /** The request, while there is work left. */
  request: JobRequest | null;
  /** Set once its final state is being recorded, or is on disk. */
  finishing: Promise<void> | null;
  intent: Intent;
  stop: AbortController;
  /** Resolves when the current run has ended, successfully or not. */
  run: Promise<void> | null;
}

/** Creates the entry of a job that is not running. */
export function createEntry(job: Job, request: JobRequest | null): JobEntry {
  return {
    job,
    revision: 1,
    request,
    finishing: isFinished(job) ? Promise.resolve() : null,
    intent: 'run',
    run: null,
    stop: new AbortController(),
  };
}

export const now = () => new Date().toISOString();

/** Creates a new job. */
export function createJob(request: JobRequest): Job {
  return {
    id: randomUUID(),
    kind: request.kind,
    state: 'queued',
    progress: null,
    result: null,
    error: null,
    createdAt: now(),
    startedAt: null,
    finishedAt: null,
    interruptions: 0,
    collection: 'collection' in request ? request.collection : null,
  };
}

/** The next state of a job, with the fields that change with it. */
export type JobChange = Partial<Job> & Pick<Job, 'state'>;

function toFailedChange(thrown: unknown): JobChange {
  return { state: 'failed', error: describeFailure(thrown) };
}

/** Returns the next state of a job whose work threw, because it was stopped or failed. */
export function toStoppedChange({ stop, intent }: JobEntry, thrown: unknown): JobChange {
  if (!stop.signal.aborted) {
    return toFailedChange(thrown);
  }
  return { state: ({ cancel: 'cancelled', pause: 'paused', run: 'queued' } as const)[intent] };
}

/** Returns the next state of a job that had not ended when the server did. */
export function toResumedChange(job: Job, request: JobRequest | null): JobChange {
  const interruptions = job.interruptions + (job.state === 'running' ? 1 : 0);
  if (request === null) {
    return toFailedChange(new PawdexError('job_interrupted'));
  }
  if (interruptions >= MAX_INTERRUPTIONS) {
    const detail = `The server died ${interruptions} times during this job, which made no progress in between.`;
    const hint = 'Find out from the log why the server died, then start the job again.';
    return toFailedChange(new PawdexError('job_interrupted', { detail, hint }));
  }
  return { interruptions, state: job.state === 'paused' ? 'paused' : 'queued' };
}

/** Replaces the job of an entry and counts the change. */
export function publishJob(entry: JobEntry, job: Job): void {
  entry.job = job;
  entry.revision++;
}

/** Asks a running job to stop, and waits for a short time until it does. */
export async function stopRun(entry: JobEntry, intent: Intent): Promise<void> {
  entry.intent = intent;
  entry.stop.abort(new PawdexError(intent === 'cancel' ? 'job_cancelled' : 'job_interrupted'));
  const giveUp = new AbortController();
  await Promise.race([entry.run, sleep(STOP_MS, undefined, { signal: giveUp.signal }).catch(() => {})]);
  giveUp.abort();
}

/** Returns the ids of the finished jobs that are too many. `jobs` are in order of creation. */
export function listExpired(jobs: readonly Job[]): Set<string> {
  const finished = jobs.filter(isFinished);
  const exported = finished.filter(({ kind, state }) => kind === 'export' && state === 'succeeded');
  return new Set(
    [...finished.slice(0, -MAX_FINISHED), ...exported.slice(0, -MAX_EXPORTS)].map(({ id }) => id),
  );
}
