/**
 * Runs jobs one at a time: they share one store and one processor with people who wait for an answer. A job that
 * was accepted is on record; one that a stop or a crash cut off is found `failed` with `job_interrupted`.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { asPawdexError, describeFailure, PawdexError } from '../errors.js';
import { isOver, type Job, type JobRequest } from './job.js';
import type { JobRecords } from './job-records.js';
import type { JobWork } from './job-work.js';

/** Jobs that may wait. */
const MOST_QUEUED = 16;
/** Jobs that are over and still known; the oldest are forgotten first. */
const MOST_KEPT = 100;
/** Seconds after which a caller who was refused may ask again; jobs take minutes. */
const RETRY_SECONDS = 60;
/** How long a stop waits for the running job to notice. */
const STOP_MS = 2_000;

/** Settings of {@link JobRunner.open}. */
export interface JobRunnerOptions {
  work: JobWork;
  records: JobRecords;
  /** Told of each job that is over. */
  onOver?: (job: Job) => void;
  /** Told when a record could not be written; the job goes on. */
  onTrouble?: (error: PawdexError) => void;
}

interface Entry {
  job: Job;
  /** Counts the changes; followers know by it what they have seen. */
  revision: number;
  /** What is left to do. */
  request: JobRequest | null;
  /** Set once its end is being written down. */
  ending: Promise<void> | null;
  readonly stop: AbortController;
  readonly followers: Set<() => void>;
  /** Resolves when the job is over. */
  readonly over: Promise<void>;
  end: () => void;
}

function entryOf(job: Job, request: JobRequest | null): Entry {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const stop = new AbortController();
  return { job, revision: 1, request, ending: null, stop, followers: new Set(), over, end };
}

const now = () => new Date().toISOString();

const failureOf = (thrown: unknown): Partial<Job> => {
  return { state: 'failed', error: describeFailure(thrown) };
};

/** The jobs of a server. */
export class JobRunner {
  readonly #work: JobWork;
  readonly #records: JobRecords;
  readonly #onOver: (job: Job) => void;
  readonly #onTrouble: (error: PawdexError) => void;
  /** In order of creation. */
  readonly #entries = new Map<string, Entry>();
  #running: Entry | null = null;
  /** Jobs that are being written down before they are accepted. */
  #accepting = 0;
  #closing: Promise<void> | null = null;

  private constructor({ work, records, onOver = () => {}, onTrouble = () => {} }: JobRunnerOptions) {
    this.#work = work;
    this.#records = records;
    this.#onOver = onOver;
    this.#onTrouble = onTrouble;
  }

  /**
   * Takes up the record: jobs that were not over when the server ended are `failed` now.
   *
   * @throws PawdexError storage_failed
   */
  static async open(options: JobRunnerOptions): Promise<JobRunner> {
    const runner = new JobRunner(options);
    const kept = await options.records.load();
    for (const job of kept.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))) {
      const entry = entryOf(job, null);
      runner.#entries.set(job.id, entry);
      if (isOver(job)) {
        entry.ending = Promise.resolve();
        entry.end();
      } else {
        await runner.#finish(entry, failureOf(new PawdexError('job_interrupted')));
      }
    }
    await runner.#forget();
    return runner;
  }

  /**
   * Accepts a job; when it resolves the job is on record.
   *
   * @throws PawdexError job_queue_full, shutting_down, storage_full, storage_failed
   */
  async submit(request: JobRequest): Promise<Job> {
    if (this.#closing !== null) {
      throw new PawdexError('shutting_down');
    }
    if (this.count('queued') + this.#accepting >= MOST_QUEUED) {
      throw new PawdexError('job_queue_full', { retryAfter: RETRY_SECONDS });
    }
    const { kind, collection } = request;
    const entry = entryOf(
      {
        ...{ id: randomUUID(), kind, collection, state: 'queued', progress: null, result: null, error: null },
        ...{ createdAt: now(), startedAt: null, finishedAt: null },
      },
      request,
    );
    this.#accepting++;
    await this.#records.save(entry.job).finally(() => this.#accepting--);
    this.#entries.set(entry.job.id, entry);
    const accepted = entry.job;
    // The server began to stop while it was written down.
    if (this.#closing !== null) {
      await this.#finish(entry, failureOf(new PawdexError('job_interrupted')));
    } else {
      this.#next();
    }
    return accepted;
  }

  /** All jobs that are known, the newest first. */
  list(): Job[] {
    return Array.from(this.#entries.values(), ({ job }) => job).reverse();
  }

  /** How many jobs are in a state. */
  count(state: Job['state']): number {
    return this.list().filter((job) => job.state === state).length;
  }

  /** @throws PawdexError job_not_found */
  get(id: string): Job {
    return this.#entry(id).job;
  }

  /** How often a job has changed, from 1. @throws PawdexError job_not_found */
  revision(id: string): number {
    return this.#entry(id).revision;
  }

  /** Calls `follower` after each change of a job. @returns what ends that @throws PawdexError job_not_found */
  follow(id: string, follower: () => void): () => void {
    const { followers } = this.#entry(id);
    followers.add(follower);
    return () => followers.delete(follower);
  }

  /**
   * Cancels a job and gives it as it then is: `cancelled`, or what it was or became before that could take effect.
   * While a running job has not noticed yet, it is still `running`.
   *
   * @throws PawdexError job_not_found
   */
  async cancel(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.job.state === 'queued') {
      await this.#finish(entry, { state: 'cancelled' });
    }
    if (entry.job.state === 'running') {
      entry.stop.abort(new PawdexError('job_cancelled'));
      await within(entry.over, STOP_MS);
    }
    return entry.job;
  }

  /** Ends all jobs that are not over, which takes two seconds at most. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    const interrupted = () => new PawdexError('job_interrupted');
    for (const entry of this.#entries.values()) {
      if (entry.job.state === 'queued') {
        await this.#finish(entry, failureOf(interrupted()));
      }
    }
    const running = this.#running;
    if (running === null) {
      return;
    }
    running.stop.abort(interrupted());
    await within(running.over, STOP_MS);
    await this.#finish(running, failureOf(interrupted()));
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new PawdexError('job_not_found');
    }
    return entry;
  }

  #next(): void {
    if (this.#running !== null || this.#closing !== null) {
      return;
    }
    for (const entry of this.#entries.values()) {
      if (entry.job.state === 'queued' && entry.ending === null && entry.request !== null) {
        this.#running = entry;
        void this.#run(entry, entry.request);
        return;
      }
    }
  }

  async #run(entry: Entry, request: JobRequest): Promise<void> {
    this.#change(entry, { state: 'running', startedAt: now() });
    const { signal } = entry.stop;
    try {
      await this.#record(entry.job);
      const result = await this.#work(request, {
        signal,
        onProgress: (progress) => this.#change(entry, { progress }),
      });
      // Also where it was cancelled meanwhile: it came too late, and what was stored is stored.
      await this.#finish(entry, { state: 'succeeded', result });
    } catch (thrown) {
      const cancelled = signal.aborted && asPawdexError(signal.reason).code === 'job_cancelled';
      const why = signal.aborted ? signal.reason : thrown;
      await this.#finish(entry, cancelled ? { state: 'cancelled' } : failureOf(why));
      if (!signal.aborted && asPawdexError(thrown).code === 'internal') {
        this.#onTrouble(asPawdexError(thrown));
      }
    } finally {
      this.#running = null;
      this.#next();
    }
  }

  #change(entry: Entry, change: Partial<Job>): void {
    if (entry.ending === null) {
      this.#publish(entry, { ...entry.job, ...change });
    }
  }

  #publish(entry: Entry, job: Job): void {
    entry.job = job;
    entry.revision++;
    for (const follower of entry.followers) {
      follower();
    }
  }

  /** Ends a job; only the first outcome counts. */
  #finish(entry: Entry, outcome: Partial<Job>): Promise<void> {
    entry.ending ??= this.#end(entry, { ...entry.job, ...outcome, finishedAt: now() });
    return entry.ending;
  }

  /** Written down first, then told: nobody sees a result that a crash takes back. */
  async #end(entry: Entry, job: Job): Promise<void> {
    // What was sent along may be megabytes.
    entry.request = null;
    await this.#record(job);
    this.#publish(entry, job);
    entry.end();
    this.#onOver(job);
    await this.#forget();
  }

  /** A record that cannot be written says less than is true, never more: it shows the job as cut off. */
  async #record(job: Job): Promise<void> {
    await this.#records.save(job).catch((error) => this.#onTrouble(asPawdexError(error)));
  }

  async #forget(): Promise<void> {
    const over = [...this.#entries.values()].filter(({ job }) => isOver(job));
    for (const { job } of over.slice(0, -MOST_KEPT)) {
      this.#entries.delete(job.id);
      await this.#records.remove(job.id).catch((error) => this.#onTrouble(asPawdexError(error)));
    }
  }
}

/** Waits for a promise, but not for long. */
async function within(promise: Promise<void>, ms: number): Promise<void> {
  const giveUp = new AbortController();
  await Promise.race([promise, sleep(ms, undefined, { signal: giveUp.signal }).catch(() => {})]);
  giveUp.abort();
}
