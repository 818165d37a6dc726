/**
 * The store interface: items with vectors in named collections. Every implementation passes the contract
 * test suite in test/store/contract.ts, so that one can take another's place.
 */

import type { PawdexError } from '../errors.js';

/** Free-form data of an item; values are JSON. `species` is the one key that filters name directly. */
export type Metadata = Record<string, unknown>;

/** What a collection is created with. */
export interface CollectionSpec {
  /** 1-64 characters: letters, digits, `-`, `_`, starting with a letter or digit. */
  name: string;
  /** Length of every vector in it. */
  dimension: number;
  /** Embedding space: vectors of another fingerprint are refused by the layer above. */
  fingerprint: string;
  /** Name of the model, for people. */
  model: string;
  /** Free text. */
  description?: string;
}

/** A collection as stored. */
export interface CollectionInfo extends CollectionSpec {
  /** sha256 of the gallery the collection was completely filled from, or null. */
  gallery: string | null;
  /** What calibration fitted for this collection (JSON, owned by breeds/), or null. */
  calibration: unknown;
  /** Items in it. */
  count: number;
  /** ISO 8601 time of creation. */
  createdAt: string;
  /** How a search is answered now: by the graph, or by an exact scan (small, or graph being built). */
  index: IndexState;
}

/** The state of a collection's search index. */
export interface IndexState {
  /** `exact`: below the size where a graph pays, or hnswlib is missing; `building`: exact meanwhile. */
  kind: 'exact' | 'building' | 'hnsw';
  /** Items the graph holds. */
  indexed: number;
  /**
   * Share of the nearest items that the graph found when it last checked itself against exact searches, 0..1; null before
   * the first check. Below 0.98 searches are exact until a new graph finds enough.
   */
  sampledRecall: number | null;
}

/** An item to put; `id` and `sha256` identify the same content. */
export interface NewItem {
  /** Unique in its collection; pawdex uses the first 32 hex digits of the content's sha256. */
  id: string;
  label: string | null;
  /** Where it came from: a path or an address, for people. */
  source: string | null;
  /** Hex sha256 of the original bytes. */
  sha256: string;
  /** Bytes of the original. */
  size: number;
  metadata: Metadata;
  /** A small JPEG or WebP, or null when there is none. */
  thumbnail: Uint8Array | null;
  /** float32 [dimension]; stored as given, normalised for search. */
  vector: Float32Array;
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

/** What became of one item of a put: `exists` when the collection held that content already (kept as it was). */
export interface PutResult {
  id: string;
  status: 'created' | 'exists';
  /** The label the stored item carries. */
  label: string | null;
}

/** Which items a search or a list may return; all conditions hold together. */
export interface Filter {
  /** One of these labels. */
  label?: string[];
  /** `metadata.species` is one of these. */
  species?: string[];
  /**
   * Values that must stand in the metadata, by key. A dot leads into an object: `camera.model`. An array holds its
   * elements. Text, numbers and booleans are different things: `"1"`, `1` and `true` are not equal.
   */
  metadata?: Record<string, string | number | boolean>;
  /** One of these hex content hashes. */
  sha256?: string[];
}

/** Changes to a collection; absent fields stay. */
export interface CollectionPatch {
  description?: string;
  gallery?: string | null;
  calibration?: unknown;
}

/** Settings of a search. */
export interface SearchOptions {
  /** Neighbours wanted, >= 1; fewer are returned only when the collection (after the filter) holds fewer. */
  k: number;
  filter?: Filter;
  /** Ids never returned, e.g. the query itself. */
  exclude?: string[];
  /** Forces an exact scan. */
  exact?: boolean;
  /** Candidates the graph keeps while searching (ef), >= k; more is more exact and slower. */
  ef?: number;
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

/** What a bulk change is for. A filter must have a condition. */
export type Target = { ids: string[] } | { filter: Filter };

/** A label and how many items have it. */
export interface LabelCount {
  label: string | null;
  count: number;
}

/** A value in the metadata and how many items have it. */
export interface Facet {
  value: string | number | boolean;
  count: number;
}

/** An item with its vector, as iteration yields it. */
export interface ItemWithVector extends Item {
  vector: Float32Array;
}

/** What a snapshot holds: all collections at one moment, as a file. */
export interface SnapshotInfo {
  format: 1;
  /** ISO 8601 */
  createdAt: string;
  /** Of the database in it. */
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
  /** Why there is no graph index at all, or null: e.g. hnswlib-node could not be loaded. */
  graphUnavailable: string | null;
  /** The lowest {@link IndexState.sampledRecall} of all collections; null when none was checked yet. */
  sampledRecall: number | null;
  /** What start-up found damaged and repaired, and graphs that found too little, in sentences. */
  repairs: string[];
  /** What was found damaged and cannot be repaired: every other call is answered `data_damaged`. */
  damage: string[];
}

/**
 * Items with vectors in collections. Unless said otherwise, methods throw PawdexError
 * `collection_not_found` for an unknown collection, `storage_full` / `storage_failed` for the disk, and `data_damaged`
 * once something is known to be lost: a store does not answer from a part of what it was given.
 */
export interface Store {
  /** @throws PawdexError `collection_exists` */
  createCollection(spec: CollectionSpec): Promise<CollectionInfo>;
  listCollections(): Promise<CollectionInfo[]>;
  getCollection(name: string): Promise<CollectionInfo>;
  updateCollection(name: string, patch: CollectionPatch): Promise<CollectionInfo>;
  deleteCollection(name: string): Promise<void>;

  /**
   * Stores items; when it resolves they are durable and searchable. An item whose `id` or `sha256` is known is
   * kept as it was. All or nothing: on an error none is stored.
   *
   * @throws PawdexError `vector_invalid` for a wrong length, a non-finite number or a zero vector
   */
  put(collection: string, items: NewItem[]): Promise<PutResult[]>;
  /** @throws PawdexError `item_not_found` */
  get(collection: string, id: string): Promise<Item>;
  /** float32 [dimension]. @throws PawdexError `item_not_found` */
  getVector(collection: string, id: string): Promise<Float32Array>;
  /** @throws PawdexError `item_not_found`, `thumbnail_not_found` */
  getThumbnail(collection: string, id: string): Promise<Uint8Array>;
  /** Those of the given hex content hashes that the collection holds, with the id and label of each. */
  known(collection: string, sha256: string[]): Promise<Map<string, { id: string; label: string | null }>>;
  /** In order of insertion. `limit` 1..1000. @throws PawdexError `invalid_request` for a bad cursor */
  list(collection: string, options: { limit: number; cursor?: string; filter?: Filter }): Promise<ItemPage>;
  /** @throws PawdexError `item_not_found` */
  update(collection: string, id: string, patch: ItemPatch): Promise<Item>;
  /** @returns how many of the ids existed and are gone now, durably */
  delete(collection: string, ids: string[]): Promise<number>;
  /**
   * Changes many items, some at a time: when it resolves all are durable, and an error leaves those changed that were.
   *
   * @returns how many there were
   * @throws PawdexError `invalid_request` for a filter without a condition
   */
  updateMany(collection: string, target: Target, patch: BulkPatch): Promise<number>;
  /** Deletes many items, as {@link updateMany} changes them. @returns how many there were */
  deleteMany(collection: string, target: Target): Promise<number>;
  count(collection: string, filter?: Filter): Promise<number>;
  /** Values that stand at a key of the metadata (see {@link Filter}), most frequent first. */
  facets(collection: string, path: string, limit: number): Promise<Facet[]>;
  /** Items per label, most first. */
  labels(collection: string): Promise<LabelCount[]>;

  /**
   * Nearest neighbours by cosine similarity, nearest first.
   *
   * @param query float32 [dimension], finite, not zero; any length (it is normalised)
   * @throws PawdexError `vector_invalid`
   */
  search(collection: string, query: Float32Array, options: SearchOptions): Promise<Hit[]>;
  /** Many queries in one crossing of the thread border, without items; the order of queries is kept. */
  searchMany(collection: string, queries: Float32Array[], options: SearchOptions): Promise<BareHit[][]>;
  /** All items with vectors, in order of insertion, a page at a time so that memory stays bounded. */
  iterate(collection: string, options?: { filter?: Filter }): AsyncIterable<ItemWithVector>;

  /** Writes a snapshot while everything else goes on; the oldest are removed when there are too many. */
  createSnapshot(): Promise<KeptSnapshot>;
  /** The snapshots kept, the newest first. */
  listSnapshots(): Promise<KeptSnapshot[]>;
  /** Resolves when searches are answered at full speed. @throws PawdexError `data_damaged` */
  ready(): Promise<void>;
  /** Resolves with the error when damage is found, whenever that is; with null when the store was closed. */
  damage(): Promise<PawdexError | null>;
  stats(): Promise<StoreStats>;
  /** Finishes accepted work, saves what is cached, releases files. Idempotent. */
  close(): Promise<void>;
}
