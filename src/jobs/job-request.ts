/** Requests for jobs. */
import { z } from 'zod';
import { parseLabelRule } from '../datasets/label-rule.js';
import type { NonPets } from '../engine/engine.js';
import { plainText } from '../engine/item-fields.js';
import { boundedArray, collectionName, yesNo } from '../engine/request-fields.js';
import { importOptions, labelCheckOptions, reembedOptions } from '../engine/requests.js';
import { JOB_KINDS, type JobKind } from './job.js';

const nonPets = z
  .union(
    [
      z.strictObject({ collection: collectionName }),
      z.strictObject({
        embeddings: z.string().min(1).meta({
          contentEncoding: 'base64',
          description: 'Base64 of little-endian float32 numbers, at most 10,000 embeddings back to back.',
        }),
      }),
    ],
    'must be an object with either `collection` or `embeddings`',
  )
  .meta({ description: 'Photos of subjects that the collection does not contain.' });

function isLabelRule(text: string): boolean {
  try {
    parseLabelRule(text);
    return true;
  } catch {
    return false;
  }
}

/** Where labels come from without a manifest. */
export const labelRule = plainText(500)
  .refine(isLabelRule, 'must be folder, parent, filename, none, or regex:PATTERN with a group in parentheses')
  .meta({
    description: 'Where labels come from: folder, parent, filename, none or regex:PATTERN.',
    example: 'filename',
  });

const photoFolders = boundedArray(plainText(4096), { max: 100 })
  .optional()
  .meta({
    description:
      'Folders below the index roots that hold the photos under the names in `source`; by default the roots.',
    example: ['photos/2026'],
  });

const serverPath = (what: string, example: string) =>
  plainText(4096).meta({
    description: `${what} below one of the server's index roots (\`PAWDEX_INDEX_ROOTS\`), or relative to one.`,
    example,
  });

/** The body of `POST /v1/jobs`. */
export const jobBodySchema = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('calibrate'),
        collection: collectionName,
        nonPets: nonPets.optional(),
      }),
      z.strictObject({
        kind: z.literal('evaluate'),
        collection: collectionName,
        nonPets: nonPets.optional(),
      }),
      z.strictObject({
        kind: z.literal('check-labels'),
        collection: collectionName,
        ...labelCheckOptions,
      }),
      z.strictObject({
        kind: z.literal('index'),
        collection: collectionName,
        path: serverPath('Folder or archive', 'photos/2026'),
        label: labelRule.optional(),
        sync: yesNo().optional().meta({
          description: 'Also change and remove items, to make the collection equal to the folder.',
        }),
        keepMissing: yesNo()
          .optional()
          .meta({ description: 'With `sync`: keep items whose photos are gone.' }),
        yes: yesNo().optional().meta({
          description: 'With `sync`: allow removing more than a third of the items from the folder.',
        }),
      }),
      z.strictObject({ kind: z.literal('snapshot') }),
      z.strictObject({ kind: z.literal('export'), collection: collectionName }),
      z.strictObject({
        kind: z.literal('import'),
        collection: collectionName.meta({ description: 'Created if it does not exist.' }),
        path: serverPath('Parquet file', 'moved/mine.parquet'),
        photos: photoFolders,
        ...importOptions,
      }),
      z.strictObject({
        kind: z.literal('reembed'),
        collection: collectionName,
        photos: photoFolders,
        ...reembedOptions,
      }),
    ],
    `must be one of ${JOB_KINDS.join(', ')}`,
  )
  .meta({ id: 'JobRequest', example: { kind: 'calibrate', collection: 'mine' } });
/** The body of `POST /v1/jobs`, validated. */
export type JobBody = z.output<typeof jobBodySchema>;

type BodyOf<K extends JobKind> = Extract<JobBody, { kind: K }>;
/** A body of which only kind and collection are required. */
type Uploadable<K extends 'index' | 'import'> = Pick<BodyOf<K>, 'kind' | 'collection'> & Partial<BodyOf<K>>;

/** The request for an index job: a set below an index root, or an archive that was uploaded with the job. */
export type IndexRequest = Uploadable<'index'> & {
  /** Extension of the uploaded archive, if there is no `path`. */
  archive?: 'zip' | 'tar' | 'tar.gz' | undefined;
};

/** A job to do. Unlike in a body, embeddings are decoded, and a file may have been uploaded instead of named by `path`. */
export type JobRequest =
  | { kind: 'calibrate' | 'evaluate'; collection: string; nonPets?: NonPets | undefined }
  | IndexRequest
  | Uploadable<'import'>
  | BodyOf<'check-labels' | 'snapshot' | 'export' | 'reembed'>;
