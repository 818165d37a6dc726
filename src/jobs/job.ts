/** What a job is: long work in the server that somebody asked for and can look at, follow and cancel. */
import { z } from 'zod';
import type { NonPets } from '../engine/engine.js';
import type { CalibrationOutcome } from '../evaluation/calibrate-collection.js';
import type { Progress } from '../evaluation/collection-queries.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { LabelTrouble } from '../evaluation/label-trouble.js';

/** What a job is asked to do. */
export type JobRequest =
  | { kind: 'calibrate' | 'evaluate'; collection: string; nonPets?: NonPets }
  /** `threshold`: similarity from which two photos are one picture; `limit`: entries of each list. */
  | { kind: 'check-labels'; collection: string; threshold: number; limit: number };

/** What a job of each kind results in. */
export interface JobResults {
  calibrate: CalibrationOutcome;
  evaluate: CollectionEvaluation;
  'check-labels': LabelTrouble;
}

export type JobKind = keyof JobResults;
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A job as everybody sees it; plain JSON. */
export interface Job {
  id: string;
  kind: JobKind;
  collection: string;
  state: JobState;
  /** How far it is; null before it runs. */
  progress: Progress | null;
  /** What it found; null until it has succeeded. */
  result: unknown;
  /** Why it failed. */
  error: { code: string; detail: string; hint: string } | null;
  /** ISO 8601 */
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

/** Whether nothing more will happen to a job. */
export function isOver({ state }: Pick<Job, 'state'>): boolean {
  return state !== 'queued' && state !== 'running';
}

/** The fields of {@link Job}, checked when a record is read back and shown in the API's description. */
export const jobSchema = z.object({
  id: z.uuid(),
  kind: z.enum(['calibrate', 'evaluate', 'check-labels']),
  collection: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: z
    .object({
      phase: z.enum(['reading', 'asking', 'non-pets', 'computing']),
      done: z.number(),
      total: z.number(),
    })
    .nullable(),
  result: z.unknown(),
  error: z.object({ code: z.string(), detail: z.string(), hint: z.string() }).nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
}) satisfies z.ZodType<Job>;
