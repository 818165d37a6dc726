/** What a job is: long work in the server that somebody asked for and can look at, follow, pause and cancel. */
import { z } from 'zod';
import type {
  ExportOutcome,
  ImportOptions,
  ImportOutcome,
  NonPets,
  ReembedOptions,
  ReembedOutcome,
} from '../engine/engine.js';
import type { CalibrationOutcome } from '../evaluation/calibrate-collection.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { LabelTrouble } from '../evaluation/label-trouble.js';
import type { KeptSnapshot } from '../store/store.js';
import type { FileFailure } from './job-journal.js';

/** What a job is asked to do. */
export type JobRequest =
  | { kind: 'calibrate' | 'evaluate'; collection: string; nonPets?: NonPets }
  /** `threshold`: similarity from which two photos are one picture; `limit`: entries of each list. */
  | { kind: 'check-labels'; collection: string; threshold: number; limit: number }
  | IndexRequest
  | { kind: 'snapshot' }
  | { kind: 'export'; collection: string }
  | ImportRequest
  /** Photos are looked for below the server's index roots. */
  | ({ kind: 'reembed'; collection: string } & Pick<ReembedOptions, 'encoder' | 'previews' | 'dropMissing'>);

/** What an index job is asked to do. */
export interface IndexRequest {
  kind: 'index';
  collection: string;
  /** A labelled set below one of the server's index roots: a folder or an archive. */
  path?: string | undefined;
  /** Extension of the archive that was uploaded with the job, if there is no `path`. */
  archive?: 'zip' | 'tar' | 'tar.gz' | undefined;
  /** Where labels come from without a manifest, see `parseLabelRule`. */
  label?: string | undefined;
  /** Also changes and removes items, so that the collection holds what the folder holds. */
  sync?: boolean | undefined;
  /** With `sync`: items stay whose photos are gone. */
  keepMissing?: boolean | undefined;
  /** With `sync`: goes on where more than a third of the items from the folder would be removed. */
  yes?: boolean | undefined;
}

/** What an import job is asked to do; photos that it embeds again are looked for below the server's index roots. */
export interface ImportRequest extends Pick<ImportOptions, 'reembed' | 'previews'> {
  kind: 'import';
  collection: string;
  /** A Parquet file below one of the server's index roots; the one that was uploaded with the job unless given. */
  path?: string | undefined;
}

/** What an index job did. */
export interface IndexOutcome {
  /** Photos found in the folder. */
  total: number;
  created: number;
  /** Photos whose content the collection held already. */
  exists: number;
  failed: number;
  /** Items that got another source, label or metadata, and those that were removed; 0 without `sync`. */
  updated: number;
  removed: number;
  /** The first of those that failed. */
  failures: FileFailure[];
}

/** What a job of each kind results in. */
export interface JobResults {
  calibrate: CalibrationOutcome;
  evaluate: CollectionEvaluation;
  'check-labels': LabelTrouble;
  index: IndexOutcome;
  snapshot: KeptSnapshot;
  export: ExportOutcome;
  import: ImportOutcome;
  reembed: ReembedOutcome;
}

export type JobKind = keyof JobResults;

export const JOB_KINDS = [
  ...(['calibrate', 'evaluate', 'check-labels', 'index', 'snapshot', 'export', 'import', 'reembed'] as const),
] as const;
export const JOB_STATES = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

const progressSchema = z.object({
  phase: z.enum([
    'waiting',
    'reading',
    'asking',
    'non-pets',
    'computing',
    'listing',
    'embedding',
    'indexing',
    'importing',
    'writing',
  ]),
  done: z.number(),
  total: z.number(),
  counts: z.record(z.string(), z.number()).optional(),
  perSecond: z.number().nullable().default(null),
  secondsLeft: z.number().nullable().default(null),
});

/** How far a job is: `done` and `total` count within a phase, `counts` says what became of what is done. */
export type JobProgress = z.output<typeof progressSchema>;

/** What work reports; the pace is measured by the runner. */
export type ReportedProgress = Omit<JobProgress, 'perSecond' | 'secondsLeft'>;

/** The fields of {@link Job}, checked when a record is read back and shown in the API's description. */
export const jobSchema = z.object({
  id: z.uuid(),
  kind: z.enum(JOB_KINDS),
  collection: z.string().nullable(),
  state: z.enum(JOB_STATES),
  progress: progressSchema.nullable(),
  result: z.unknown(),
  error: z.object({ code: z.string(), detail: z.string(), hint: z.string() }).nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  interruptions: z.number().default(0),
});

/** A job as everybody sees it; plain JSON. `result` is null until it has succeeded. */
export type Job = z.output<typeof jobSchema>;

/** Whether nothing more will happen to a job. */
export function isOver({ state }: Pick<Job, 'state'>): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
