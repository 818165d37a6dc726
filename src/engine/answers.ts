/**
 * The engine's answers. Their schemas document the HTTP API and give the types of the engine, the API and its client.
 * Answers are not checked against them at run time.
 */
import { z } from 'zod';
import { breedAnswerSchema, probability, similarity } from '../breeds/breed-answer.js';
import { collectionInfoSchema, itemSchema, nextCursor } from '../store/records.js';

export const modelSchema = z
  .object({
    name: z.string().meta({ example: 'pawdex-lite2' }),
    fingerprint: z.string().meta({ description: 'Hex sha256 of model and preprocessing.' }),
  })
  .meta({ id: 'Model' });

const timingSchema = z
  .object({ decodeMs: z.number(), embedMs: z.number(), searchMs: z.number(), totalMs: z.number() })
  .meta({ id: 'Timing', description: 'Milliseconds spent.' });

const nullableText = z.string().nullable();
const rectangle = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });

const explanationSchema = z
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
/**
 * Where in a photo its similarity to an item comes from: a grid over the photo, with a share for each cell. The outer cells
 * include what the network sees beyond them. A negative share means that the photo would be more similar without the cell.
 */
export type Explanation = z.output<typeof explanationSchema>;

const animalSchema = z.object({ breed: z.string(), confidence: probability, region: rectangle });
/** One of several animals in a photo. */
export type Animal = z.output<typeof animalSchema>;

const neighbourSchema = z.object({
  id: z.string(),
  label: nullableText,
  similarity,
  source: nullableText,
  hasThumbnail: z.boolean(),
  explanation: explanationSchema.optional(),
});
export type Neighbour = z.output<typeof neighbourSchema>;

export const identificationSchema = breedAnswerSchema
  .extend({
    region: rectangle.meta({
      description:
        'The part of the upright photo that the answer is about, in fractions of its width and height. If the first ' +
        'look is unsure, identify also looks at both ends of the photo.',
    }),
    animals: z.array(animalSchema).meta({
      description:
        'The animals in the photo, if several parts of it match different breeds; otherwise empty.',
    }),
    neighbours: z.array(neighbourSchema),
    model: modelSchema,
    timing: timingSchema,
  })
  .meta({ id: 'Identification' });
/** The answer of `Engine.identify`. */
export type Identification = z.output<typeof identificationSchema>;

const foundItemSchema = z
  .object({ ...itemSchema.shape, similarity, explanation: explanationSchema.optional() })
  .meta({ id: 'SearchNeighbour', description: 'Nearest first.' });

export const searchAnswerSchema = z
  .object({ neighbours: z.array(foundItemSchema), model: modelSchema, timing: timingSchema })
  .meta({ id: 'SearchAnswer' });
export type SearchAnswer = z.output<typeof searchAnswerSchema>;

export const embeddingSchema = z
  .object({
    embedding: z.array(z.number()).meta({ description: 'L2 norm 1.' }),
    dimension: z.int(),
    model: modelSchema,
    timing: timingSchema,
  })
  .meta({ id: 'Embedding' });

export interface EmbedAnswer extends Pick<z.output<typeof embeddingSchema>, 'model' | 'timing'> {
  /** float32 [dimension], L2 norm 1 */
  embedding: Float32Array;
}

const failureSchema = z.object({ code: z.string(), detail: z.string(), hint: z.string() });

export const servedCollectionSchema = collectionInfoSchema
  .extend({
    problem: failureSchema
      .nullable()
      .meta({ description: 'Why this server cannot search it, and what to do; null if it can.' }),
  })
  .meta({ id: 'Collection' });
/** A collection and whether this engine can search it. */
export type ServedCollection = z.output<typeof servedCollectionSchema>;

const duplicateSchema = itemSchema.pick({
  id: true,
  label: true,
  source: true,
  size: true,
  hasThumbnail: true,
});
/** One of a pair of near-duplicates. */
export type Duplicate = z.output<typeof duplicateSchema>;

export const duplicatePageSchema = z
  .object({
    pairs: z.array(z.object({ a: duplicateSchema, b: duplicateSchema, similarity })),
    scanned: z.int().meta({ description: 'Number of items checked for this page.' }),
    next: nextCursor,
  })
  .meta({ id: 'DuplicatePage' });
/** The near-duplicates of a page of items, most similar first. */
export type DuplicatePage = z.output<typeof duplicatePageSchema>;

const coordinates = z.array(z.number().min(-0.5).max(0.5));
export const collectionMapSchema = z
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
/** The items of a collection as points on a plane. */
export type CollectionMap = z.output<typeof collectionMapSchema>;

export const attachStatusSchema = z.enum(['attached', 'kept', 'unknown']);
/** The result for one thumbnail: `kept` if the item already has one, `unknown` if there is no such item. */
export type AttachStatus = z.output<typeof attachStatusSchema>;

export const addResultSchema = z.union([
  z.object({ status: z.enum(['created', 'exists', 'updated']), id: z.string(), label: nullableText }),
  z.object({ status: z.literal('failed'), error: failureSchema }),
]);
export type AddResult = z.output<typeof addResultSchema>;

export const importOutcomeSchema = z
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
/** What `Engine.importCollection` did. */
export type ImportOutcome = z.output<typeof importOutcomeSchema>;

/** An item that could not be embedded, and why. */
export interface UnembeddedItem {
  id: string;
  source: string | null;
  reason: string;
}

/** What `Engine.reembed` did. */
export interface ReembedOutcome {
  collection: string;
  /** Whether the collection has moved. If not, items could not be embedded. */
  swapped: boolean;
  from: { name: string; fingerprint: string };
  to: { name: string; fingerprint: string };
  /** Items embedded, by the origin of the copy; of all calls of a resumed job. */
  embedded: Record<CopyOrigin, number>;
  /** Number of items that could not be embedded. */
  missing: number;
  /** The first thousand of them. */
  examples: UnembeddedItem[];
  /** Items deleted, if requested. */
  dropped: number;
}

/** What `Engine.reembed` has done so far. */
export type ReembedState = Pick<ReembedOutcome, 'embedded' | 'dropped'>;

/** Where the copy of an item's photo was found: the stored original, a file, the reduced original, or only the thumbnail. */
export type CopyOrigin = 'original' | 'file' | 'reduced' | 'preview';

/** What `Engine.exportCollection` wrote. */
export interface ExportOutcome {
  collection: string;
  items: number;
  bytes: number;
}
