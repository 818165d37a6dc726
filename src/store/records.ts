/** The data types of a store: collections, items, filters, hits and snapshots. */

/** Free-form data of an item; values are JSON. Filters have a separate field for the key `species`. */
export type Metadata = Record<string, unknown>;

/** The settings of a new collection. */
export interface CollectionSpec {
  /** 1-64 characters: letters, digits, `-`, `_`, starting with a letter or digit. */
  name: string;
  /** Length of every vector. */
  dimension: number;
  /** Identifies the embedding space. The engine refuses vectors with another fingerprint. */
  fingerprint: string;
  /** Name of the model, for people. */
  model: string;
  /** Free text. */
  description?: string | undefined;
  /** Which copy of each photo to keep. Default: `off`. */
  originals?: Originals | undefined;
}

/** A collection as stored. */
export interface CollectionInfo extends CollectionSpec {
  /** sha256 of the gallery file that the collection was filled from, or null. */
  gallery: string | null;
  /** The calibration of this collection (JSON, owned by breeds/), or null. */
  calibration: unknown;
  /** Number of items. */
  count: number;
  /** ISO 8601 time of creation. */
  createdAt: string;
  /** How searches are currently answered: by the graph or by an exact scan. */
  index: IndexState;
  /** Other names of the collection. */
  aliases: string[];
  /** Which copy of added photos to keep, so that another model can embed them. */
  originals: Originals;
  /** The move to another embedding space in progress, or null. */
  reembedding: Reembedding | null;
}

/** Which copy of each photo a collection keeps besides the preview: none, a smaller picture, or the file itself. */
export type Originals = 'off' | 'thumbnail' | 'full';

/** An embedding space that a collection can be moved to. */
export type Space = Pick<CollectionSpec, 'fingerprint' | 'dimension' | 'model'>;

/** A move to another embedding space in progress. */
export interface Reembedding extends Space {
  /** ISO 8601 */
  startedAt: string;
}

/** The result of {@link Store.finishReembedding}: nothing yet if vectors are missing or the index is being built. */
export type ReembeddingState =
  | { state: 'missing'; missing: number }
  | { state: 'indexing'; done: number; total: number }
  | { state: 'swapped' };

/** The state of a collection's search index. */
export interface IndexState {
  /** `exact`: too small for a graph, or hnswlib is missing; `building`: exact until the graph is ready. */
  kind: 'exact' | 'building' | 'hnsw';
  /** Number of items in the graph. */
  indexed: number;
  /**
   * Share of the nearest items that the graph found when it was last compared with exact searches, 0..1; null before
   * the first check. Below 0.98, searches are exact until a new graph passes the check.
   */
  sampledRecall: number | null;
}

/** An item as stored, without vector and pictures. */
export interface Item {
  /** Unique in its collection; pawdex uses the first 32 hex digits of the content's sha256. */
  id: string;
  label: string | null;
  /** Where the photo came from: a path or an address, for people. */
  source: string | null;
  /** Hex sha256 of the original bytes. */
  sha256: string;
  /** Size of the original, in bytes. */
  size: number;
  metadata: Metadata;
  hasThumbnail: boolean;
  /** ISO 8601 */
  createdAt: string;
}

/** An item to put; `id` and `sha256` identify the same content. */
export interface NewItem extends Omit<Item, 'hasThumbnail' | 'createdAt'> {
  /** A small JPEG or WebP, or null. */
  thumbnail: Uint8Array | null;
  /** float32 [dimension]; stored as given, normalised for search. */
  vector: Float32Array;
  /** The copy of the photo to keep, according to {@link CollectionInfo.originals}. */
  original?: Uint8Array | null;
  /** Its vector in the space that the collection is moving to, if any. */
  next?: { fingerprint: string; vector: Float32Array };
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
  /** Its new name. */
  name?: string;
  /** All of its aliases; those of other collections move to this one in the same step. */
  aliases?: string[];
  originals?: Originals;
  /** An empty one removes it. */
  description?: string;
  gallery?: string | null;
  calibration?: unknown;
}

/** Settings of a search. */
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

/** A page of items. */
export interface ItemPage {
  items: Item[];
  /** Pass as `cursor` for the next page; null at the end. */
  next: string | null;
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

/** A label and the number of its items. */
export interface LabelCount {
  label: string | null;
  count: number;
}

/** A value in the metadata and the number of items with it. */
export interface Facet {
  value: string | number | boolean;
  count: number;
}

/** An item with its vector, as iteration yields it. */
export interface ItemWithVector extends Item {
  vector: Float32Array;
}

/** Describes a snapshot: all collections at one moment, as a file. */
export interface SnapshotInfo {
  format: 1;
  /** ISO 8601 */
  createdAt: string;
  /** Size of the database in it, in bytes. */
  bytes: number;
  sha256: string;
  collections: { name: string; items: number }[];
}

/** A snapshot in the data directory. */
export interface KeptSnapshot extends SnapshotInfo {
  name: string;
}

/** Numbers for metrics and `doctor`. */
export interface StoreStats {
  /** Bytes on disk. */
  diskBytes: number;
  /** Why graphs are unavailable (for instance because hnswlib-node could not be loaded), or null. */
  graphUnavailable: string | null;
  /** The lowest {@link IndexState.sampledRecall} of all collections; null if none was checked yet. */
  sampledRecall: number | null;
  /** What was repaired at start, and graphs with too low a recall, in sentences. */
  repairs: string[];
  /** Damage that cannot be repaired, in sentences. Every other call then fails with `data_damaged`. */
  damage: string[];
}
