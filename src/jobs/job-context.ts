/** What the work of a job is, and what it works with. */
import type { Engine } from '../engine/engine.js';
import type { PawdexError } from '../errors.js';
import type { Job, JobKind, JobRequest, ReportedProgress } from './job.js';
import type { JobRecords } from './job-records.js';

/** What the work of a job is given beside its request. */
export interface JobContext {
  /** Raised when the job is to stop: the work then rejects, and may be asked again later, from its beginning. */
  signal: AbortSignal;
  onProgress: (progress: ReportedProgress) => void;
  /** The job's own folder. Work that can resume keeps its progress here. */
  folder: string;
}

/** Does what is asked and gives the result, which is JSON. */
export type JobWork = (request: JobRequest, context: JobContext) => Promise<unknown>;

/** What kinds of jobs need of the server's settings. */
export interface JobSettings {
  /** Folders that jobs may read photos from. */
  indexRoots: readonly string[];
  maxFileBytes: number;
  /** Folder for what a sync remembers of files, or null where nothing is remembered. */
  syncDir: string | null;
}

/** What a kind of job works with. */
export interface JobParts extends JobSettings {
  engine: Engine;
}

/** One kind of job. What it has done when it is stopped must be no trouble when it is asked again. */
export type KindWork<K extends JobKind> = (
  parts: JobParts,
  request: JobRequest & { kind: K },
  context: JobContext,
) => Promise<unknown>;

/** Settings of `JobRunner.open`. */
export interface JobRunnerOptions {
  work: JobWork;
  records: JobRecords;
  /** Whether jobs wait until `JobRunner.start` is called. */
  isHeld?: boolean;
  /** Told of each job that is over. */
  onOver?: (job: Job) => void;
  /** Told when a record could not be written; the job goes on. */
  onTrouble?: (error: PawdexError) => void;
}
