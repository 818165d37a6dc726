/** The interface of a job's work, and what it can use. */
import type { Engine } from '../engine/engine.js';
import type { JobKind, ReportedProgress } from './job.js';
import type { JobRequest } from './job-request.js';

/** Passed to the work of a job, together with the request. */
export interface JobContext {
  /** Aborted when the job should stop. The work then rejects, and may be called again later. */
  signal: AbortSignal;
  onProgress: (progress: ReportedProgress) => void;
  /** The job's own folder, where resumable work stores its progress. */
  folder: string;
}

/** Processes a request and returns its result as JSON. */
export type JobWork = (request: JobRequest, context: JobContext) => Promise<unknown>;

/** What all kinds of jobs work with. */
export interface JobParts {
  engine: Engine;
  /** Folders that jobs may read photos from. */
  indexRoots: readonly string[];
  maxFileBytes: number;
  /** Folder for the hash caches of syncs. */
  syncDir: string;
}

/** One kind of job. It must be safe to repeat after being stopped at any point. */
export type KindWork<K extends JobKind> = (
  parts: JobParts,
  request: JobRequest & { kind: K },
  context: JobContext,
) => Promise<unknown>;
