/**
 * The data types of a store: collections, items, filters, hits and snapshots. What the HTTP API also answers is declared as
 * a schema, which documents the API and gives the type. At run time, only the contents of a snapshot are checked against theirs.
 */
import { z } from 'zod';

const time = z.string().meta({ format: 'date-time' });
const nullableText = z.string().nullable();

/** Names of collections and encoders. */
export const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Free-form data of an item; values are JSON. Filters have a separate field for the key `species`. */
export type Metadata = Record<string, unknown>;

export const itemSchema = z
  .object({
    id: z.string().meta({
      description: "Unique in its collection: the first 32 hex digits of the content's sha256.",
    }),
    label: nullableText,
    source: nullableText.meta({
      description: 'Where the photo came from: a path or an address, for people.',
    }),
    sha256: z.string().meta({ description: 'Hex sha256 of the original file.' }),
    size: z.int().meta({ description: 'Size of the original file in bytes.' }),
    metadata: z.record(z.string(), z.unknown()),
    hasThumbnail: z.boolean(),
    createdAt: time,
  })
  .meta({ id: 'Item' });
/** An item as stored, without vector and pictures. */
export type Item = z.output<typeof itemSchema>;

export const nextCursor = nullableText.meta({
  description: 'Pass as `cursor` for the next page; null at the end.',
});

export const itemPageSchema = z.object({ items: z.array(itemSchema), next: nextCursor });
export type ItemPage = z.output<typeof itemPageSchema>;

export const originalsSchema = z.enum(['off', 'thumbnail', 'full'], 'must be off, thumbnail or full').meta({
  description:
    'Which copy of each added photo to keep, so that another encoder can embed it: none, a picture of 448 pixels, or the file.',
});
/** Which copy of each photo a collection keeps in addition to the thumbnail. */
export type Originals = z.output<typeof originalsSchema>;

const indexSchema = z.object({
  kind: z.enum(['exact', 'building', 'hnsw']).meta({
    description:
      '`exact`: too small for a graph, or hnswlib is missing; `building`: exact until the graph is ready.',
  }),
  indexed: z.int().meta({ description: 'Number of items in the graph.' }),
  sampledRecall: z.number().nullable().meta({
    description:
      'Share of the nearest items that the graph found when it last checked itself, 0-1. Below 0.98 searches are exact.',
  }),
});
/** The state of a collection's search index. */
export type IndexState = z.output<typeof indexSchema>;

const spaceSchema = z.object({ fingerprint: z.string(), dimension: z.int(), model: z.string() });
/** An embedding space: the fingerprint identifies it, `model` names it for people. */
export type Space = z.output<typeof spaceSchema>;

const reembeddingSchema = spaceSchema.extend({ startedAt: time });
/** A move to another embedding space in progress. */
export type Reembedding = z.output<typeof reembeddingSchema>;

export const collectionInfoSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  count: z.int().meta({ description: 'Number of items.' }),
  dimension: z.int().meta({ description: 'Length of every vector.' }),
  model: z.string(),
  fingerprint: z.string().meta({ description: 'Fingerprint of the model it was embedded with.' }),
  gallery: nullableText.meta({ description: 'sha256 of the gallery file that it was filled from.' }),
  calibration: z.unknown().meta({ description: 'The calibration, or null.' }),
  createdAt: time,
  aliases: z.array(z.string()).meta({ description: 'Other names of the collection.' }),
  originals: originalsSchema,
  reembedding: reembeddingSchema.nullable().meta({ description: 'The model that it is moving to, or null.' }),
  index: indexSchema,
});
export type CollectionInfo = z.output<typeof collectionInfoSchema>;

/** The settings of a new collection. */
export interface CollectionSpec
  extends Pick<CollectionInfo, 'name' | 'dimension' | 'fingerprint' | 'model' | 'description'> {
  /** Default: `off`. */
  originals?: Originals | undefined;
}

/** The result of {@link Store.finishReembedding}: nothing yet if vectors are missing or the index is being built. */
export type ReembeddingState =
  | { state: 'missing'; missing: number }
  | { state: 'indexing'; done: number; total: number }
  | { state: 'swapped' };

/** An item to put; `id` and `sha256` identify the same content. */
export interface NewItem extends Omit<Item, 'hasThumbnail' | 'createdAt'> {
  /** A small JPEG or WebP, or null. */
  thumbnail: Uint8Array | null;
  /** float32 [dimension]; stored as given, normalised for search. */
  vector: Float32Array;
  /** The copy of the photo to keep, according to {@link CollectionInfo.originals}. */
  original?: Uint8Array | null;
  /** Its vector in the space that the collection is moving to, if any. */
  successorVector?: { fingerprint: string; vector: Float32Array };
}

/** The result for one item of a put. `exists`: the collection already had that content, and left it unchanged. */
export interface PutResult {
  id: string;
  status: 'created' | 'exists';
  /** The label of the stored item. */
  label: string | null;
}

/** Restricts which items a search or a list returns. All conditions must hold. */
export interface Filter {
  /** One of these labels. */
  label?: string[];
  /** `metadata.species` is one of these. */
  species?: string[];
  /**
   * Required values in the metadata, by key. A dot leads into an object: `camera.model`. An array matches if one of its
   * elements does. Types must match: `"1"`, `1` and `true` are not equal.
   */
  metadata?: Record<string, string | number | boolean>;
  /** One of these hex content hashes. */
  sha256?: string[];
  /** Text that label, source or metadata contain, ignoring case, and treating `_` as a space. */
  text?: string;
}

/** Changes to a collection; absent fields stay. */
export interface CollectionPatch {
  name?: string;
  /** All of its aliases; those of other collections move to this one in the same step. */
  aliases?: string[];
  originals?: Originals;
  /** An empty one removes it. */
  description?: string;
  gallery?: string | null;
  calibration?: unknown;
}

export interface SearchOptions {
  /** Number of neighbours, >= 1. Fewer are returned only if fewer items match. */
  k: number;
  filter?: Filter;
  /** Ids never returned, e.g. the query itself. */
  exclude?: string[];
  /** Forces an exact scan. */
  exact?: boolean;
  /** Candidates that the graph keeps while searching (ef), >= k. More candidates are more exact and slower. */
  ef?: number;
  /** Fingerprint of the query's space. The search is refused if the collection has moved to another one. */
  space?: string;
}

/** One neighbour. */
export interface Hit {
  item: Item;
  /** Cosine similarity, -1..1. */
  similarity: number;
}

/** A neighbour without its item, for evaluation and benchmarks. */
export interface BareHit {
  id: string;
  label: string | null;
  similarity: number;
}

/** Changes to an item; absent fields stay. `metadata` replaces the whole object. */
export interface ItemPatch {
  label?: string | null;
  source?: string | null;
  metadata?: Metadata;
}

/** Changes to many items; absent fields stay. */
export interface BulkPatch extends ItemPatch {
  /** Keys to set in the metadata, which keeps its other keys; null removes one. */
  mergeMetadata?: Metadata;
}

/** The items of a bulk change. A filter must have a condition. */
export type Target = { ids: string[] } | { filter: Filter };

export const labelCountSchema = z.object({ label: nullableText, count: z.int() }).meta({ id: 'LabelCount' });
/** A label and the number of its items. */
export type LabelCount = z.output<typeof labelCountSchema>;

export const facetSchema = z.object({
  value: z.union([z.string(), z.number(), z.boolean()]),
  count: z.int(),
});
/** A value in the metadata and the number of items with it. */
export type Facet = z.output<typeof facetSchema>;

/** An item with its vector, as iteration yields it. */
export interface ItemWithVector extends Item {
  vector: Float32Array;
}

export const snapshotInfoSchema = z.object({
  format: z.literal(1),
  createdAt: time,
  bytes: z.int().meta({ description: 'Size of the database in it, in bytes.' }),
  sha256: z.string().meta({ description: 'sha256 of the database in it.' }),
  collections: z.array(z.object({ name: z.string(), items: z.int() })),
});
/** Describes a snapshot: all collections at one moment, as a file. */
export type SnapshotInfo = z.output<typeof snapshotInfoSchema>;

export const storedSnapshotSchema = snapshotInfoSchema
  .extend({
    name: z
      .string()
      .meta({ description: 'Name of the file in the folder `snapshots` of the data directory.' }),
  })
  .meta({ id: 'Snapshot' });
/** A snapshot in the data directory. */
export type StoredSnapshot = z.output<typeof storedSnapshotSchema>;

/** Numbers for metrics and `doctor`. */
export interface StoreStats {
  diskBytes: number;
  /** Why graphs are unavailable (for instance because hnswlib-node could not be loaded), or null. */
  graphUnavailable: string | null;
  /** Stored pictures that were found damaged when they were read, and were not replaced since. */
  damagedPictures: number;
  /** The lowest {@link IndexState.sampledRecall} of all collections; null if none was checked yet. */
  sampledRecall: number | null;
  /** What was repaired or could not be checked, and graphs with too low a recall, in sentences. */
  notices: string[];
  /** Damage that cannot be repaired, in sentences. Every other call then fails with `data_damaged`. */
  damage: string[];
}
