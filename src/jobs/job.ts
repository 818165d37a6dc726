/** Jobs: long work in the server that clients can start, follow, pause and cancel. */
import { z } from 'zod';
import type { ExportOutcome, ImportOutcome, ReembedOutcome } from '../engine/engine.js';
import type { CalibrationOutcome } from '../evaluation/calibrate-collection.js';
import { WORK_PHASES } from '../evaluation/collection-work.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { LabelTrouble } from '../evaluation/label-trouble.js';
import type { FileFailure } from '../indexing/index-folder.js';
import type { StoredSnapshot } from '../store/store.js';

/** The result of an index job. */
export interface IndexOutcome {
  /** Photos found in the folder. */
  total: number;
  created: number;
  /** Photos whose content the collection already had. */
  exists: number;
  failed: number;
  /** Numbers of changed and of removed items; 0 without `sync`. */
  updated: number;
  removed: number;
  failures: FileFailure[];
}

export interface JobResults {
  calibrate: CalibrationOutcome;
  evaluate: CollectionEvaluation;
  'check-labels': LabelTrouble;
  index: IndexOutcome;
  snapshot: StoredSnapshot;
  export: ExportOutcome;
  import: ImportOutcome;
  reembed: ReembedOutcome;
}

export type JobKind = keyof JobResults;

export const JOB_KINDS = [
  'calibrate',
  'evaluate',
  'check-labels',
  'index',
  'snapshot',
  'export',
  'import',
  'reembed',
] as const satisfies JobKind[];
export const JOB_STATES = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

const progressSchema = z.object({
  phase: z.enum([...WORK_PHASES, 'listing', 'indexing']),
  done: z.number(),
  total: z.number(),
  counts: z.record(z.string(), z.number()).optional(),
  perSecond: z.number().nullable().default(null),
  secondsLeft: z.number().nullable().default(null),
});

/** Progress of a job. `done` and `total` count within a phase; `counts` has the outcomes so far. */
export type JobProgress = z.output<typeof progressSchema>;

/** What work reports. The runner measures the pace. */
export type ReportedProgress = Omit<JobProgress, 'perSecond' | 'secondsLeft'>;

const time = { format: 'date-time' };

/** The schema of {@link Job}, for checking records and for the OpenAPI document. */
export const jobSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(JOB_KINDS),
    collection: z.string().nullable().meta({ description: 'Null for a job about all collections.' }),
    state: z.enum(JOB_STATES),
    progress: progressSchema.nullable().meta({
      description:
        'Progress of the current phase, null before the job runs. `counts` has the outcomes of the files so far; ' +
        '`perSecond` and `secondsLeft` are based on the last half minute, and null while unknown.',
    }),
    result: z.unknown().meta({
      description: 'The result, described in docs/http.md for each kind; null until the job has succeeded.',
    }),
    error: z
      .object({ code: z.string(), detail: z.string(), hint: z.string() })
      .nullable()
      .meta({ description: 'Why it failed, with a code of /docs/errors.' }),
    createdAt: z.string().meta(time),
    startedAt: z.string().nullable().meta(time),
    finishedAt: z.string().nullable().meta(time),
    interruptions: z.number().default(0).meta({
      description:
        'How often the server died during this job since it last made progress. After five times it fails.',
    }),
  })
  .meta({ id: 'Job' });

/** The public state of a job, as plain JSON. */
export type Job = z.output<typeof jobSchema>;

export const jobSummarySchema = jobSchema.omit({ result: true }).meta({ id: 'JobSummary' });
/** A job without its result, which may be long. */
export type JobSummary = z.output<typeof jobSummarySchema>;

/** Whether a job has ended. */
export function isFinished({ state }: Pick<Job, 'state'>): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
