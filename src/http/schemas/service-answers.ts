/** Schemas of the server's answers about itself: its state, jobs, snapshots and problems. */
import { z } from 'zod';
import { jobSchema } from '../../jobs/job.js';
import { model } from './answers.js';

export const snapshot = z
  .object({
    name: z
      .string()
      .meta({ description: 'Name of the file in the folder `snapshots` of the data directory.' }),
    format: z.literal(1),
    createdAt: z.string().meta({ format: 'date-time' }),
    bytes: z.int().meta({ description: 'sha256 of the database in it.' }),
    sha256: z.string(),
    collections: z.array(z.object({ name: z.string(), items: z.int() })),
  })
  .meta({ id: 'Snapshot' });

export const snapshotList = z.object({ snapshots: z.array(snapshot) });

export const info = z
  .object({
    version: z.string(),
    model: model.extend({
      dimension: z.int(),
      resize: z.object({
        size: z.int(),
        fit: z.literal('cover'),
        kernel: z.enum(['lanczos3', 'cubic', 'linear', 'mitchell']),
      }),
    }),
    limits: z.object({
      fileBytes: z.int(),
      batchFiles: z.int(),
      batchBytes: z.int(),
      jsonBytes: z.int(),
    }),
    sharesAnswers: z.boolean().meta({ description: 'Whether answers can be shared by a link.' }),
    fetchesUrls: z.boolean().meta({ description: 'Whether requests may name an image by `url`.' }),
  })
  .meta({ id: 'Info' });

export const health = z.object({ status: z.literal('ok') });
export const readiness = z.object({
  status: z.enum(['starting', 'ready', 'damaged', 'stopping']),
  code: z.string().optional().meta({ description: 'What is wrong, if anything. See /docs/errors.' }),
  detail: z.string().optional(),
  hint: z.string().optional(),
  collections: z
    .array(z.object({ name: z.string(), code: z.string(), detail: z.string(), hint: z.string() }))
    .optional()
    .meta({ description: 'Collections that this server cannot search.' }),
});

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    code: z.string().meta({ description: 'Stable; see /docs/errors.', example: 'image_missing' }),
    hint: z.string().meta({ description: 'What to do about it.' }),
    instance: z.string().optional(),
    requestId: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

const { result: _, ...jobSummary } = jobSchema.shape;
const time = { format: 'date-time' };

const jobWithoutResult = z.object({
  ...jobSummary,
  collection: jobSummary.collection.meta({ description: 'Null for a job about all collections.' }),
  progress: jobSummary.progress.meta({
    description:
      'Progress of the current phase, null before the job runs. `counts` has the outcomes of the files so far; ' +
      '`perSecond` and `secondsLeft` are based on the last half minute, and null while unknown.',
  }),
  interruptions: jobSummary.interruptions.meta({
    description:
      'How often the server died during this job since it last made progress. After five times it fails.',
  }),
  error: jobSummary.error.meta({ description: 'Why it failed, with a code of /docs/errors.' }),
  createdAt: jobSummary.createdAt.meta(time),
  startedAt: jobSummary.startedAt.meta(time),
  finishedAt: jobSummary.finishedAt.meta(time),
});

export const job = jobWithoutResult
  .extend({
    result: z.unknown().meta({
      description: 'The result, described in docs/http.md for each kind; null until the job has succeeded.',
    }),
  })
  .meta({ id: 'Job' });

export const jobFailure = z
  .object({ file: z.string(), code: z.string(), detail: z.string(), hint: z.string() })
  .meta({ id: 'JobFailure' });

export const jobList = z.object({ jobs: z.array(jobWithoutResult.meta({ id: 'JobSummary' })) });
