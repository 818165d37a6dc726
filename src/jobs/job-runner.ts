/**
 * Runs jobs one at a time, because they share the store and the processor with interactive requests. Accepted jobs are
 * recorded on disk until they have ended. Jobs interrupted by a stop or crash are resumed.
 */
import { asPawdexError, PawdexError } from '../errors.js';
import { isFinished, type Job, type JobState } from './job.js';
import type { JobWork } from './job-context.js';
import {
  createEntry,
  createJob,
  type JobChange,
  type JobEntry,
  listExpired,
  now,
  publishJob,
  stopRun,
  toResumedChange,
  toStoppedChange,
} from './job-entry.js';
import type { JobRecords } from './job-records.js';
import type { JobRequest } from './job-request.js';
import { watchProgress } from './watch-progress.js';

/** Largest number of waiting and paused jobs. */
const MAX_WAITING = 16;
/** Retry-After in seconds for a refused job. Jobs take minutes. */
const RETRY_SECONDS = 60;

export interface JobRunnerOptions {
  work: JobWork;
  records: JobRecords;
  /** Called when a job has ended. */
  onFinished?: (job: Job) => void;
  /** Called if a record could not be written. The job continues. */
  onError?: (error: PawdexError) => void;
}

export class JobRunner {
  readonly #options: JobRunnerOptions;
  /** In order of creation. */
  readonly #entries = new Map<string, JobEntry>();
  #hasStarted = false;
  #running: JobEntry | null = null;
  /** Jobs that are being recorded before they are accepted. */
  #accepting = 0;
  #closing: Promise<void> | null = null;
  #isClosed = false;

  private constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /**
   * Loads the records. Jobs that were waiting or running when the server ended are `queued` again, and run after
   * {@link start}. If the records cannot be read, earlier jobs are not listed; new ones are refused while they cannot be
   * written.
   */
  static async open(options: JobRunnerOptions): Promise<JobRunner> {
    const runner = new JobRunner(options);
    const kept = await options.records.load().catch((cause) => {
      const detail = 'The job records cannot be read: earlier jobs are not listed.';
      options.onError?.(new PawdexError(asPawdexError(cause).code, { detail, cause }));
      return [];
    });
    for (const job of kept.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))) {
      await runner.#restore(job);
    }
    await runner.#removeExpired();
    return runner;
  }

  /** Starts running jobs. Called once the store is ready, because resumed jobs would fail before. */
  start(): void {
    this.#hasStarted = true;
    this.#startNext();
  }

  /**
   * Accepts a job. It is recorded on disk when this resolves.
   *
   * @param upload file to move to the job, see {@link createUploadName}
   * @throws PawdexError job_queue_full, shutting_down; the file system's error
   */
  async submit(request: JobRequest, upload?: string): Promise<Job> {
    this.assertCapacity();
    const job = createJob(request);
    this.#accepting++;
    try {
      await this.#options.records.accept(job, request, upload);
    } finally {
      this.#accepting--;
    }
    this.#entries.set(job.id, createEntry(job, request));
    this.#startNext();
    return job;
  }

  /** Throws PawdexError job_queue_full or shutting_down if {@link submit} would. */
  assertCapacity(): void {
    if (this.#closing !== null) {
      throw new PawdexError('shutting_down');
    }
    if (this.count('queued') + this.count('paused') + this.#accepting >= MAX_WAITING) {
      throw new PawdexError('job_queue_full', { retryAfter: RETRY_SECONDS });
    }
  }

  /** Lists all jobs, newest first. */
  list(): Job[] {
    return Array.from(this.#entries.values(), ({ job }) => job).reverse();
  }

  count(state: JobState): number {
    return this.list().filter((job) => job.state === state).length;
  }

  /** @throws PawdexError job_not_found */
  get(id: string): Job {
    return this.#entry(id).job;
  }

  /** Folder of a job's own files. Throws PawdexError job_not_found. */
  getFolder(id: string): string {
    return this.#options.records.getFolder(this.#entry(id).job.id);
  }

  /** Returns the path of a new file for an upload. */
  createUploadName = (): string => this.#options.records.createUploadName();

  /** Number of changes of a job, starting at 1. Throws PawdexError job_not_found. */
  getRevision(id: string): number {
    return this.#entry(id).revision;
  }

  /** Whether no job will change any more until the next start. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Cancels a job and returns it: `cancelled`, or another final state if it ended first. It is still `running` if its work
   * has not noticed yet.
   *
   * @throws PawdexError job_not_found
   */
  async cancel(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.run !== null) {
      await stopRun(entry, 'cancel');
    } else if (!isFinished(entry.job)) {
      await this.#change(entry, { state: 'cancelled' });
    }
    return entry.job;
  }

  /**
   * Pauses a job until {@link resume}, and returns it: `paused`, or a final state if it ended first. It is still `running`
   * if its work has not noticed yet.
   *
   * @throws PawdexError job_not_found
   */
  async pause(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.run !== null && entry.intent !== 'cancel') {
      await stopRun(entry, 'pause');
    } else if (entry.job.state === 'queued') {
      await this.#change(entry, { state: 'paused' });
    }
    return entry.job;
  }

  /** Queues a paused job again. Throws PawdexError job_not_found. */
  async resume(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.run !== null && entry.intent === 'pause') {
      entry.intent = 'run';
    } else if (entry.job.state === 'paused') {
      await this.#change(entry, { state: 'queued' });
      this.#startNext();
    }
    return entry.job;
  }

  /** Stops the running job, within two seconds. It continues at the next start. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running !== null) {
      await stopRun(running, running.intent);
      // The work has not noticed yet. If it still succeeds, that is recorded.
      if (running.run !== null) {
        await this.#change(running, { state: 'queued' });
      }
    }
    this.#isClosed = true;
  }

  async #restore(job: Job): Promise<void> {
    const request = isFinished(job) ? null : await this.#options.records.loadRequest(job.id);
    const entry = createEntry(job, request);
    this.#entries.set(job.id, entry);
    if (!isFinished(job)) {
      await this.#change(entry, toResumedChange(job, request));
    }
  }

  #entry(id: string): JobEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new PawdexError('job_not_found');
    }
    return entry;
  }

  #startNext(): void {
    if (this.#running !== null || this.#closing !== null || !this.#hasStarted) {
      return;
    }
    for (const entry of this.#entries.values()) {
      if (entry.job.state === 'queued' && entry.finishing === null && entry.request !== null) {
        this.#running = entry;
        entry.run = this.#run(entry, entry.request).finally(() => {
          entry.run = null;
          this.#running = null;
          this.#startNext();
        });
        return;
      }
    }
  }

  async #run(entry: JobEntry, request: JobRequest): Promise<void> {
    entry.intent = 'run';
    entry.stop = new AbortController();
    const { signal } = entry.stop;
    try {
      await this.#change(entry, { state: 'running', startedAt: entry.job.startedAt ?? now() });
      const result = await this.#options.work(request, {
        signal,
        folder: this.#options.records.getFolder(entry.job.id),
        onProgress: watchProgress(entry, () => void this.#record(entry.job)),
      });
      // Even if it was stopped meanwhile: that came too late, and the results are stored.
      await this.#change(entry, { state: 'succeeded', result });
    } catch (thrown) {
      await this.#change(entry, toStoppedChange(entry, thrown));
      if (!signal.aborted && asPawdexError(thrown).code === 'internal') {
        this.#options.onError?.(asPawdexError(thrown));
      }
    }
  }

  /** Changes a job, and resolves when that is recorded. Only the first final state counts. */
  async #change(entry: JobEntry, change: JobChange): Promise<void> {
    if (entry.finishing !== null) {
      return entry.finishing;
    }
    if (isFinished(change)) {
      entry.finishing = this.#finish(entry, { ...entry.job, ...change, finishedAt: now() });
      return entry.finishing;
    }
    publishJob(entry, { ...entry.job, ...change });
    await this.#record(entry.job);
  }

  /** Record before publishing, so that no client sees a result that a crash could undo. */
  async #finish(entry: JobEntry, job: Job): Promise<void> {
    // The request may have megabytes.
    entry.request = null;
    await this.#record(job);
    publishJob(entry, job);
    this.#options.onFinished?.(job);
    await this.#removeExpired();
  }

  /** If a record cannot be written, it is older than the truth, and the job is repeated at worst. */
  #record(job: Job): Promise<void> {
    const { records, onError } = this.#options;
    return records.save(job).catch((error) => onError?.(asPawdexError(error)));
  }

  async #removeExpired(): Promise<void> {
    const { records, onError } = this.#options;
    for (const id of listExpired(Array.from(this.#entries.values(), ({ job }) => job))) {
      this.#entries.delete(id);
      await records.remove(id).catch((error) => onError?.(asPawdexError(error)));
    }
  }
}
