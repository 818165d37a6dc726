/**
 * Runs jobs one at a time: they share one store and one processor with people who wait for an answer. A job that
 * was accepted is on record until it is over; one that a stop or a crash cut off is taken up again.
 */
import { asPawdexError, PawdexError } from '../errors.js';
import { isOver, type Job, type JobRequest, type JobState } from './job.js';
import type { JobRunnerOptions } from './job-context.js';
import {
  createEntry,
  createJob,
  haltRun,
  type JobEntry,
  now,
  publishJob,
  settleUndone,
  takeUpJob,
} from './job-entry.js';
import { watchProgress } from './watch-progress.js';

/** Jobs that may wait or be paused. */
const MOST_WAITING = 16;
/** Jobs that are over and still known; the oldest are forgotten first. */
const MOST_KEPT = 100;
/** Exports that have succeeded and still have their file, which is as large as the collection. */
const MOST_EXPORTS = 3;
/** Seconds after which a caller who was refused may ask again; jobs take minutes. */
const RETRY_SECONDS = 60;

/** The jobs of a server. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  /** In order of creation. */
  readonly #entries = new Map<string, JobEntry>();
  #isHeld: boolean;
  #running: JobEntry | null = null;
  /** Jobs that are being written down before they are accepted. */
  #accepting = 0;
  #recording: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  private constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#isHeld = options.isHeld ?? false;
  }

  /**
   * Takes up the record: jobs that were waiting or running when the server ended are `queued` again. Without the record,
   * earlier jobs are not listed, and new ones are refused while they cannot be written.
   */
  static async open(options: JobRunnerOptions): Promise<JobRunner> {
    const runner = new JobRunner(options);
    const kept = await options.records.load().catch((error) => {
      options.onTrouble?.(asPawdexError(error));
      return [];
    });
    for (const job of kept.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))) {
      await runner.#takeUp(job);
    }
    await runner.#forget();
    runner.#next();
    return runner;
  }

  /** Lets jobs run that were held. */
  start(): void {
    this.#isHeld = false;
    this.#next();
  }

  /**
   * Accepts a job; when it resolves the job is on record.
   *
   * @param upload file that the job takes over, see {@link createUploadName}
   * @throws PawdexError job_queue_full, shutting_down, storage_full, storage_failed
   */
  async submit(request: JobRequest, upload?: string): Promise<Job> {
    this.requireRoom();
    const entry = createEntry(createJob(request), request);
    this.#accepting++;
    await this.#options.records.accept(entry.job, request, upload).finally(() => this.#accepting--);
    this.#entries.set(entry.job.id, entry);
    const accepted = entry.job;
    this.#next();
    return accepted;
  }

  /** Refuses what {@link submit} would refuse now. @throws PawdexError job_queue_full, shutting_down */
  requireRoom(): void {
    if (this.#closing !== null) {
      throw new PawdexError('shutting_down');
    }
    if (this.count('queued') + this.count('paused') + this.#accepting >= MOST_WAITING) {
      throw new PawdexError('job_queue_full', { retryAfter: RETRY_SECONDS });
    }
  }

  /** All jobs that are known, the newest first. */
  list(): Job[] {
    return Array.from(this.#entries.values(), ({ job }) => job).reverse();
  }

  /** How many jobs are in a state. */
  count(state: JobState): number {
    return this.list().filter((job) => job.state === state).length;
  }

  /** @throws PawdexError job_not_found */
  get(id: string): Job {
    return this.#entry(id).job;
  }

  /** Folder of a job's own files. @throws PawdexError job_not_found */
  folderOf(id: string): string {
    return this.#options.records.folderOf(this.#entry(id).job.id);
  }

  /** A file that does not exist yet, for what is uploaded with a job. */
  createUploadName = (): string => this.#options.records.createUploadName();

  /** How often a job has changed, from 1. @throws PawdexError job_not_found */
  revision(id: string): number {
    return this.#entry(id).revision;
  }

  /** Whether no job changes any more until the server is started again. */
  get isClosed(): boolean {
    return this.#closing !== null;
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
    if (entry.run !== null) {
      await haltRun(entry, 'cancel');
    } else if (!isOver(entry.job)) {
      await this.#change(entry, { state: 'cancelled' });
    }
    return entry.job;
  }

  /**
   * Stops a job until {@link resume}, and gives it as it then is: `paused`, or what it became before that. While a
   * running job has not noticed yet, it is still `running`.
   *
   * @throws PawdexError job_not_found
   */
  async pause(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.run !== null && entry.wish !== 'cancel') {
      await haltRun(entry, 'pause');
    } else if (entry.job.state === 'queued') {
      await this.#change(entry, { state: 'paused' });
    }
    return entry.job;
  }

  /** Lets a paused job wait for its turn again. @throws PawdexError job_not_found */
  async resume(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (entry.run !== null && entry.wish === 'pause') {
      entry.wish = 'run';
    } else if (entry.job.state === 'paused') {
      await this.#change(entry, { state: 'queued' });
      this.#next();
    }
    return entry.job;
  }

  /** Stops the running job, which takes two seconds at most; it goes on when the server starts again. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running !== null) {
      await haltRun(running, running.wish);
      // Work that has not noticed yet. If it still succeeds, that is recorded.
      if (running.run !== null) {
        await this.#change(running, { state: 'queued' });
      }
    }
    for (const entry of this.#entries.values()) {
      if (!isOver(entry.job)) {
        publishJob(entry, entry.job);
      }
    }
  }

  async #takeUp(job: Job): Promise<void> {
    const request = isOver(job) ? null : await this.#options.records.loadRequest(job.id);
    const entry = createEntry(job, request);
    this.#entries.set(job.id, entry);
    if (isOver(job)) {
      entry.ending = Promise.resolve();
    } else {
      await this.#change(entry, takeUpJob(job, request));
    }
  }

  #entry(id: string): JobEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      throw new PawdexError('job_not_found');
    }
    return entry;
  }

  #next(): void {
    if (this.#running !== null || this.#closing !== null || this.#isHeld) {
      return;
    }
    for (const entry of this.#entries.values()) {
      if (entry.job.state === 'queued' && entry.ending === null && entry.request !== null) {
        this.#running = entry;
        entry.run = this.#run(entry, entry.request).finally(() => {
          entry.run = null;
          this.#running = null;
          this.#next();
        });
        return;
      }
    }
  }

  async #run(entry: JobEntry, request: JobRequest): Promise<void> {
    entry.wish = 'run';
    entry.stop = new AbortController();
    const { signal } = entry.stop;
    try {
      await this.#change(entry, { state: 'running', startedAt: entry.job.startedAt ?? now() });
      const result = await this.#options.work(request, {
        signal,
        folder: this.#options.records.folderOf(entry.job.id),
        onProgress: watchProgress(entry, () => void this.#record(entry.job)),
      });
      // Also where it was stopped meanwhile: it came too late, and what was stored is stored.
      await this.#change(entry, { state: 'succeeded', result });
    } catch (thrown) {
      await this.#change(entry, settleUndone(entry, thrown));
      if (!signal.aborted && asPawdexError(thrown).code === 'internal') {
        this.#options.onTrouble?.(asPawdexError(thrown));
      }
    }
  }

  /** Changes a job, on record when it resolves. Only the first state that ends it counts. */
  async #change(entry: JobEntry, change: Partial<Job> & Pick<Job, 'state'>): Promise<void> {
    if (entry.ending !== null) {
      return entry.ending;
    }
    if (isOver(change)) {
      entry.ending = this.#end(entry, { ...entry.job, ...change, finishedAt: now() });
      return entry.ending;
    }
    publishJob(entry, { ...entry.job, ...change });
    await this.#record(entry.job);
  }

  /** Written down first, then told: nobody sees a result that a crash takes back. */
  async #end(entry: JobEntry, job: Job): Promise<void> {
    // What was sent along may be megabytes.
    entry.request = null;
    await this.#record(job);
    publishJob(entry, job);
    this.#options.onOver?.(job);
    await this.#forget();
  }

  /** A record that cannot be written says less than is true, never more: the job is then done once more. */
  #record(job: Job): Promise<void> {
    // In sequence: of two writes at once, the older record could win.
    this.#recording = this.#recording
      .then(() => this.#options.records.save(job))
      .catch((error) => this.#options.onTrouble?.(asPawdexError(error)));
    return this.#recording;
  }

  async #forget(): Promise<void> {
    const over = [...this.#entries.values()].filter(({ job }) => isOver(job));
    const { records, onTrouble } = this.#options;
    const exported = over.filter(({ job }) => job.kind === 'export' && job.state === 'succeeded');
    const forgotten = new Set([...over.slice(0, -MOST_KEPT), ...exported.slice(0, -MOST_EXPORTS)]);
    for (const { job } of forgotten) {
      this.#entries.delete(job.id);
      await records.remove(job.id).catch((error) => onTrouble?.(asPawdexError(error)));
    }
  }
}
