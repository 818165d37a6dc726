/**
 * Schemas of the answers. They document answers, and type the handlers and the client. Answers are not checked against them
 * at run time.
 */
import { z } from 'zod';
import { originalsField } from './fields.js';

export const model = z
  .object({
    name: z.string().meta({ example: 'pawdex-lite2' }),
    fingerprint: z.string().meta({ description: 'Hex sha256 of model and preprocessing.' }),
  })
  .meta({ id: 'Model' });

const timing = z
  .object({ decodeMs: z.number(), embedMs: z.number(), searchMs: z.number(), totalMs: z.number() })
  .meta({ id: 'Timing', description: 'Milliseconds spent.' });

const similarity = z.number().min(-1).max(1).meta({ description: 'Cosine similarity.', example: 0.83 });
const nullableText = z.string().nullable();

const rectangle = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });

const explanation = z
  .object({
    rows: z.int(),
    columns: z.int(),
    region: rectangle.meta({
      description:
        'What the cells divide into equal rectangles, in fractions of the upright photo: roughly its centre square.',
    }),
    shares: z.array(z.number()).meta({
      description:
        "Each cell's share of the similarity, row by row from the top left. They sum to the similarity.",
    }),
  })
  .meta({
    id: 'Explanation',
    description: 'Where in the photo the similarity comes from; with `explain=true`.',
  });

export const identification = z
  .object({
    decision: z.enum(['match', 'ambiguous', 'unknown']),
    breed: nullableText.meta({ example: 'siamese' }),
    confidence: z.number().min(0).max(1).meta({
      description:
        'Probability that the first candidate is right; its share of the vote if `basis` is `vote`.',
      example: 0.97,
    }),
    calibrated: z.boolean().meta({ description: 'Whether `confidence` was fitted to the collection.' }),
    basis: z.enum(['calibration', 'statistics', 'vote']).meta({
      description:
        'Where `confidence` comes from: a calibration of the collection, the statistics of the encoder for any ' +
        'collection, or only the share of the vote.',
    }),
    known: z.number().min(0).max(1).nullable().meta({
      description:
        'Probability that the collection contains what the photo shows; null if `basis` is `vote`.',
    }),
    region: rectangle.meta({
      description:
        'The part of the upright photo that the answer is about, in fractions of its width and height. If the first ' +
        'look is unsure, identify also looks at both ends of the photo.',
    }),
    animals: z
      .array(z.object({ breed: z.string(), confidence: z.number().min(0).max(1), region: rectangle }))
      .meta({
        description:
          'The animals in the photo, if several parts of it match different breeds; otherwise empty.',
      }),
    candidates: z.array(
      z.object({
        label: z.string(),
        confidence: z.number().min(0).max(1),
        share: z.number().min(0).max(1).meta({ description: 'Its share of the vote. All shares sum to 1.' }),
        count: z.int().meta({ description: 'Neighbours with this label among those that voted.' }),
        similarity: similarity.meta({ description: 'Similarity of the nearest of them.' }),
      }),
    ),
    neighbours: z.array(
      z.object({
        id: z.string(),
        label: nullableText,
        similarity,
        source: nullableText,
        hasThumbnail: z.boolean(),
        explanation: explanation.optional(),
      }),
    ),
    model,
    timing,
  })
  .meta({ id: 'Identification' });

export const item = z
  .object({
    id: z.string(),
    label: nullableText,
    source: nullableText,
    sha256: z.string(),
    size: z.int().meta({ description: 'Size of the original file in bytes.' }),
    metadata: z.record(z.string(), z.unknown()),
    hasThumbnail: z.boolean(),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Item' });

export const searchAnswer = z
  .object({
    neighbours: z.array(
      z
        .object({ ...item.shape, similarity, explanation: explanation.optional() })
        .meta({ id: 'SearchNeighbour', description: 'Nearest first.' }),
    ),
    model,
    timing,
  })
  .meta({ id: 'SearchAnswer' });

export const embedAnswer = z
  .object({
    embedding: z.array(z.number()).meta({ description: 'L2 norm 1.' }),
    dimension: z.int(),
    model,
    timing,
  })
  .meta({ id: 'Embedding' });

export const collection = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    count: z.int().meta({ description: 'Number of items.' }),
    dimension: z.int(),
    model: z.string(),
    fingerprint: z.string().meta({ description: 'Fingerprint of the model it was embedded with.' }),
    gallery: nullableText.meta({ description: 'sha256 of the gallery file that it was filled from.' }),
    calibration: z.unknown().meta({ description: 'The calibration, or null.' }),
    createdAt: z.string().meta({ format: 'date-time' }),
    aliases: z.array(z.string()).meta({ description: 'Other names of the collection.' }),
    originals: originalsField,
    reembedding: z
      .object({
        fingerprint: z.string(),
        dimension: z.int(),
        model: z.string(),
        startedAt: z.string().meta({ format: 'date-time' }),
      })
      .nullable()
      .meta({ description: 'The model that it is moving to, or null.' }),
    problem: z
      .object({ code: z.string(), detail: z.string(), hint: z.string() })
      .nullable()
      .meta({ description: 'Why this server cannot search it, and what to do; null if it can.' }),
    index: z.object({
      kind: z.enum(['exact', 'building', 'hnsw']),
      indexed: z.int(),
      sampledRecall: z.number().nullable().meta({
        description:
          'Share of the nearest items that the graph found when it last checked itself, 0-1. Below 0.98 searches are exact.',
      }),
    }),
  })
  .meta({ id: 'Collection' });

export const collectionList = z.object({ collections: z.array(collection) });

export const labelList = z.object({
  labels: z
    .array(z.object({ label: nullableText, count: z.int() }).meta({ id: 'LabelCount' }))
    .meta({ description: 'Most frequent first; null stands for items without a label.' }),
});

export const itemPage = z.object({
  items: z.array(item),
  next: nullableText.meta({ description: 'Pass as `cursor` for the next page; null at the end.' }),
});

const duplicate = item.pick({ id: true, label: true, source: true, size: true, hasThumbnail: true });
export const duplicatePage = z
  .object({
    pairs: z.array(z.object({ a: duplicate, b: duplicate, similarity })),
    scanned: z.int().meta({ description: 'Number of items checked for this page.' }),
    next: nullableText.meta({ description: 'Pass as `cursor` for the next page; null at the end.' }),
  })
  .meta({ id: 'DuplicatePage' });

const coordinates = z.array(z.number().min(-0.5).max(0.5));
export const collectionMap = z
  .object({
    version: z.string().meta({ description: 'Changes when the items on the map change.' }),
    total: z.int().meta({ description: 'Items in the collection; the map shows at most 10,000.' }),
    labels: z.array(nullableText).meta({ description: 'The labels on the map, most frequent first.' }),
    ids: z.array(z.string()).meta({ description: 'One per point, like the following arrays.' }),
    label: z.array(z.int()).meta({ description: 'Index into `labels`.' }),
    hasThumbnail: z.array(z.boolean()),
    x: coordinates,
    y: coordinates,
  })
  .meta({ id: 'CollectionMap' });

export const attachAnswer = z
  .object({
    attached: z.int(),
    kept: z.int().meta({ description: 'Items that already have a thumbnail.' }),
    unknown: z.int().meta({ description: 'Hashes that the collection does not have.' }),
    results: z
      .array(z.enum(['attached', 'kept', 'unknown']))
      .meta({ description: 'In the order of the request.' }),
  })
  .meta({ id: 'AttachAnswer' });

const stored = z.object({
  status: z.enum(['created', 'exists', 'updated']),
  id: z.string(),
  label: nullableText,
});
const notStored = z.object({
  status: z.literal('failed'),
  error: z.object({ code: z.string(), detail: z.string(), hint: z.string() }),
});
export const addAnswer = z
  .object({
    created: z.int(),
    exists: z
      .int()
      .meta({ description: 'Images whose bytes the collection already had. They are unchanged.' }),
    updated: z.int().meta({ description: 'With `upsert`: existing items that were updated.' }),
    failed: z.int(),
    results: z
      .array(z.union([stored, notStored]))
      .meta({ description: 'One per image, in the order of the request.' }),
  })
  .meta({ id: 'AddAnswer' });

export const updateAnswer = z.object({ updated: z.int().meta({ description: 'Number of items.' }) });
export const deleteAnswer = z.object({ deleted: z.int().meta({ description: 'Number of items.' }) });

export const facetList = z.object({
  field: z.string(),
  values: z
    .array(z.object({ value: z.union([z.string(), z.number(), z.boolean()]), count: z.int() }))
    .meta({ description: 'Most frequent first.' }),
});

export const importAnswer = z
  .object({
    collection: z.string(),
    total: z.int().meta({ description: 'Rows in the file.' }),
    created: z.int(),
    exists: z.int().meta({ description: 'Items that the collection already had. They are unchanged.' }),
    verified: z.int().meta({ description: 'Rows that were compared with the stored items.' }),
    different: z.int().meta({ description: 'Those of them that differ, because the item existed before.' }),
    failed: z.int(),
    failures: z
      .array(z.object({ row: z.int(), id: nullableText, detail: z.string() }))
      .meta({ description: 'The first thousand rows that failed.' }),
  })
  .meta({ id: 'ImportAnswer' });
