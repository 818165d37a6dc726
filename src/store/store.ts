/**
 * The store interface: items with vectors in named collections. Every implementation must pass the contract tests in
 * test/store/contract.ts.
 */

import type { PawdexError } from '../errors.js';

/** Free-form data of an item; values are JSON. Filters have a field of their own for the key `species`. */
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
  description?: string;
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
  /** How searches are answered now: by the graph or by an exact scan. */
  index: IndexState;
  /** Other names that lead to it. */
  aliases: string[];
  /** What is kept of the photos that are put, for another model to embed. */
  originals: Originals;
  /** The vectors that are being made to take the place of the present ones, or null. */
  reembedding: Reembedding | null;
}

/**
 * What a collection keeps of each photo beside its preview: nothing, a picture of some hundred pixels, or the file
 * itself.
 */
export type Originals = 'off' | 'thumbnail' | 'full';

/** An embedding space that a collection can be moved to. */
export type Space = Pick<CollectionSpec, 'fingerprint' | 'dimension' | 'model'>;

/** Vectors of another space that are being made beside the present ones. */
export interface Reembedding extends Space {
  /** ISO 8601 */
  startedAt: string;
}

/** What {@link Store.finishReembedding} did: nothing yet, where vectors are missing or the index is being built. */
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

/** An item to put; `id` and `sha256` identify the same content. */
export interface NewItem {
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
  /** A small JPEG or WebP, or null. */
  thumbnail: Uint8Array | null;
  /** float32 [dimension]; stored as given, normalised for search. */
  vector: Float32Array;
  /** What the collection's {@link CollectionInfo.originals} say to keep of the photo. */
  original?: Uint8Array | null;
  /** Its vector in the space that the collection is moving to; left out if it moves to none. */
  next?: { fingerprint: string; vector: Float32Array };
}

/** An item as stored, without its heavy parts. */
export interface Item {
  id: string;
  label: string | null;
  source: string | null;
  sha256: string;
  size: number;
  metadata: Metadata;
  hasThumbnail: boolean;
  /** ISO 8601 */
  createdAt: string;
}

/** The outcome for one item of a put. `exists`: the collection already held that content, and kept it unchanged. */
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
  /** Stands in the label, the source or the metadata; case does not matter, nor whether words are joined by `_`. */
  text?: string;
}

/** Changes to a collection; absent fields stay. */
export interface CollectionPatch {
  /** Its new name. */
  name?: string;
  /** All of its aliases. */
  aliases?: string[];
  originals?: Originals;
  /** An empty one takes it away. */
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
  /** Fingerprint of the query's space: the search is refused if the collection has moved to another one. */
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

/** A snapshot that the store keeps. */
export interface KeptSnapshot extends SnapshotInfo {
  name: string;
}

/** Numbers for metrics and `doctor`. */
export interface StoreStats {
  /** Bytes on disk. */
  diskBytes: number;
  /** Why graphs are unavailable (for instance because hnswlib-node could not be loaded), or null. */
  graphUnavailable: string | null;
  /** The lowest {@link IndexState.sampledRecall} of all collections; null when none was checked yet. */
  sampledRecall: number | null;
  /** What was repaired at start, and graphs with too low a recall, in sentences. */
  repairs: string[];
  /** Damage that cannot be repaired, in sentences. Every other call then fails with `data_damaged`. */
  damage: string[];
}

/**
 * Items with vectors in collections. Unless said otherwise, methods throw PawdexError `collection_not_found` for an
 * unknown collection, `storage_full` / `storage_failed` for disk errors, and `data_damaged` once data is known to be
 * lost: a store never answers from incomplete data.
 */
export interface Store {
  /** @throws PawdexError `collection_exists` */
  createCollection(spec: CollectionSpec): Promise<CollectionInfo>;
  listCollections(): Promise<CollectionInfo[]>;
  /** @param name of the collection, or one of its aliases; as everywhere */
  getCollection(name: string): Promise<CollectionInfo>;
  /** @throws PawdexError `collection_exists` for a name or alias that is taken */
  updateCollection(name: string, patch: CollectionPatch): Promise<CollectionInfo>;
  deleteCollection(name: string): Promise<void>;

  /**
   * Stores items. They are durable and searchable when it resolves. An item whose `id` or `sha256` already exists stays
   * unchanged. On an error nothing is stored.
   *
   * @param space fingerprint of the vectors' space; any unless given
   * @throws PawdexError `vector_invalid` for a wrong length, a non-finite number or a zero vector; `space_changed` if the
   *   collection has moved to another space
   */
  put(collection: string, items: NewItem[], space?: string): Promise<PutResult[]>;
  /** @throws PawdexError `item_not_found` */
  get(collection: string, id: string): Promise<Item>;
  /** float32 [dimension]. @throws PawdexError `item_not_found` */
  getVector(collection: string, id: string): Promise<Float32Array>;
  /** @throws PawdexError `item_not_found`, `thumbnail_not_found` */
  getThumbnail(collection: string, id: string): Promise<Uint8Array>;
  /**
   * Gives items a small JPEG or WebP, where they have none; all or nothing.
   *
   * @returns the ids of those that got one
   */
  attachThumbnails(
    collection: string,
    thumbnails: { id: string; thumbnail: Uint8Array }[],
  ): Promise<string[]>;
  /** What is kept of the photo, or null. @throws PawdexError `item_not_found` */
  getOriginal(collection: string, id: string): Promise<Uint8Array | null>;
  /** Finds which of the given hex content hashes the collection holds. */
  findKnown(collection: string, sha256: string[]): Promise<Map<string, { id: string; label: string | null }>>;
  /** In order of insertion. `limit` 1..1000. @throws PawdexError `invalid_request` for a bad cursor */
  list(collection: string, options: { limit: number; cursor?: string; filter?: Filter }): Promise<ItemPage>;
  /** @throws PawdexError `item_not_found` */
  update(collection: string, id: string, patch: ItemPatch): Promise<Item>;
  /** Deletes items durably. @returns how many of the ids existed */
  delete(collection: string, ids: string[]): Promise<number>;
  /**
   * Changes many items, some at a time. All changes are durable when it resolves. An error leaves part of them changed.
   *
   * @returns how many items were changed
   * @throws PawdexError `invalid_request` for a filter without a condition
   */
  updateMany(collection: string, target: Target, patch: BulkPatch): Promise<number>;
  /** Deletes many items, in the way of {@link updateMany}. @returns how many items were deleted */
  deleteMany(collection: string, target: Target): Promise<number>;
  count(collection: string, filter?: Filter): Promise<number>;
  /** Counts the values at a key of the metadata (see {@link Filter}), most frequent first. */
  countValues(collection: string, path: string, limit: number): Promise<Facet[]>;
  /** Counts the items per label, most frequent first. */
  countLabels(collection: string): Promise<LabelCount[]>;

  /**
   * Finds the nearest neighbours by cosine similarity, nearest first.
   *
   * @param query float32 [dimension], finite, not all zeros; it is normalised
   * @throws PawdexError `vector_invalid`
   */
  search(collection: string, query: Float32Array, options: SearchOptions): Promise<Hit[]>;
  /** Answers many queries in one call to the store's thread, in order; hits have no items. */
  searchMany(collection: string, queries: Float32Array[], options: SearchOptions): Promise<BareHit[][]>;
  /**
   * All items with vectors, in order of insertion, a page at a time so that memory stays bounded.
   *
   * @throws PawdexError `space_changed` if the collection moves to another space meanwhile
   */
  iterate(collection: string, options?: { filter?: Filter }): AsyncIterable<ItemWithVector>;

  /**
   * Begins to make vectors of another space for all items. The present ones answer until {@link finishReembedding}.
   * Goes on with what there is if that has begun; what was made for a third space is dropped.
   */
  beginReembedding(collection: string, space: Space): Promise<void>;
  /** Items without a vector of the new space, in order of insertion; a page may be empty while `next` says there are more. */
  listUnembedded(collection: string, options: { limit: number; cursor?: string }): Promise<ItemPage>;
  /**
   * Stores vectors of the new space, durably. Items that are gone are left out.
   *
   * @returns how many are stored
   * @throws PawdexError `space_changed` if the collection is not moving to this space (any more); `vector_invalid`
   */
  putNextVectors(
    collection: string,
    fingerprint: string,
    vectors: { id: string; vector: Float32Array }[],
  ): Promise<number>;
  /**
   * Moves the collection to the new space in one step, once every item has a vector there and their index is built; to be
   * called until that is so. The calibration goes, as it was fitted to the old space.
   */
  finishReembedding(collection: string, fingerprint: string): Promise<ReembeddingState>;
  /** Drops what was made for the new space. */
  cancelReembedding(collection: string): Promise<void>;

  /** Writes a snapshot while everything else goes on; the oldest are removed when there are too many. */
  createSnapshot(): Promise<KeptSnapshot>;
  /** Lists the snapshots, newest first. */
  listSnapshots(): Promise<KeptSnapshot[]>;
  /** Resolves when everything is loaded and searches run at full speed. @throws PawdexError `data_damaged` */
  ready(): Promise<void>;
  /** Resolves with the error once damage is found, or with null when the store is closed. */
  waitForDamage(): Promise<PawdexError | null>;
  stats(): Promise<StoreStats>;
  /** Finishes accepted work, saves caches and closes files. Idempotent. */
  close(): Promise<void>;
}
