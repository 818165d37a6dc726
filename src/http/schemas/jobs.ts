/** What jobs are asked with and what they answer. */
import { z } from 'zod';
import { jobSchema } from '../../jobs/job.js';
import { collectionName, wholeNumber } from './common.js';
import { DEFAULT_THRESHOLD, threshold } from './requests.js';

/** Entries of each list of a check of labels. */
const [DEFAULT_LISTED, MOST_LISTED] = [200, 1000];

const nonPets = z
  .union(
    [
      z.strictObject({ collection: collectionName }),
      z.strictObject({
        embeddings: z.string().min(1).meta({
          description:
            'Base64 of float32 numbers, little-endian, one embedding after the other; at most 10,000.',
        }),
      }),
    ],
    'must be an object with either `collection` or `embeddings`',
  )
  .optional()
  .meta({ description: 'Photos that show nothing the collection holds.' });

const checkLabels = z.strictObject({
  kind: z.literal('check-labels'),
  collection: collectionName,
  threshold: threshold.transform((value) => value ?? DEFAULT_THRESHOLD),
  limit: wholeNumber(1, MOST_LISTED, 'Entries of each list.', DEFAULT_LISTED).transform(
    (value) => value ?? DEFAULT_LISTED,
  ),
});

export const jobBody = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({ kind: z.literal('calibrate'), collection: collectionName, nonPets }),
      z.strictObject({ kind: z.literal('evaluate'), collection: collectionName, nonPets }),
      checkLabels,
    ],
    'must be calibrate, evaluate or check-labels',
  )
  .meta({ id: 'JobRequest', example: { kind: 'calibrate', collection: 'mine' } });

/** A job as it was asked for. */
export type JobBody = z.output<typeof jobBody>;

const { result: _, ...summary } = jobSchema.shape;
const time = { format: 'date-time' };

const withoutResult = z.object({
  ...summary,
  progress: summary.progress.meta({
    description: 'How far the present phase is; null before the job runs.',
  }),
  error: summary.error.meta({ description: 'Why it failed; the codes are those of /docs/errors.' }),
  createdAt: summary.createdAt.meta(time),
  startedAt: summary.startedAt.meta(time),
  finishedAt: summary.finishedAt.meta(time),
});

export const job = withoutResult
  .extend({
    result: z.unknown().meta({
      description: 'What it found, as docs/http.md says for each kind; null until it has succeeded.',
    }),
  })
  .meta({ id: 'Job' });

export const jobList = z.object({ jobs: z.array(withoutResult.meta({ id: 'JobSummary' })) });
