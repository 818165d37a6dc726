/**
 * The store interface: items with vectors in named collections. Every implementation must pass the contract tests in
 * test/store/contract.ts.
 */
import type { PawdexError } from '../errors.js';
import type {
  BareHit,
  BulkPatch,
  CollectionInfo,
  CollectionPatch,
  CollectionSpec,
  Facet,
  Filter,
  Hit,
  Item,
  ItemPage,
  ItemPatch,
  ItemWithVector,
  LabelCount,
  NewItem,
  PutResult,
  ReembeddingState,
  SearchOptions,
  Space,
  StoredSnapshot,
  StoreStats,
  Target,
} from './records.js';

export type * from './records.js';

/**
 * Items with vectors in collections. Unless said otherwise, methods throw PawdexError `collection_not_found` for an
 * unknown collection, `storage_full` / `storage_failed` for disk errors, and `data_damaged` once data is known to be
 * lost: a store never answers from incomplete data.
 */
export interface Store {
  /** @throws PawdexError collection_exists */
  createCollection(spec: CollectionSpec): Promise<CollectionInfo>;
  listCollections(): Promise<CollectionInfo[]>;
  /** @param name of the collection or one of its aliases, like everywhere */
  getCollection(name: string): Promise<CollectionInfo>;
  /** @throws PawdexError collection_exists for a name or alias that is taken */
  updateCollection(name: string, patch: CollectionPatch): Promise<CollectionInfo>;
  /** @param name its own: an alias is refused with `invalid_request` */
  deleteCollection(name: string): Promise<void>;

  /**
   * Stores items. They are durable and searchable when it resolves. An item whose `id` or `sha256` already exists stays
   * unchanged. On an error nothing is stored.
   *
   * @param space fingerprint of the vectors' space; default any
   * @throws PawdexError vector_invalid for a wrong length, a non-finite number or a zero vector; space_changed if the
   *   collection has moved to another space
   */
  put(collection: string, items: NewItem[], space?: string): Promise<PutResult[]>;
  /** @throws PawdexError item_not_found */
  getItem(collection: string, id: string): Promise<Item>;
  /** float32 [dimension]. Throws PawdexError item_not_found. */
  getVector(collection: string, id: string): Promise<Float32Array>;
  /** @throws PawdexError item_not_found, thumbnail_not_found, picture_damaged */
  getThumbnail(collection: string, id: string): Promise<Uint8Array>;
  /**
   * Adds a small JPEG or WebP to items whose own is missing or damaged; all or nothing.
   *
   * @returns the ids of items that got one
   */
  attachThumbnails(
    collection: string,
    thumbnails: { id: string; thumbnail: Uint8Array }[],
  ): Promise<string[]>;
  /** Returns the stored copy of the photo, or null. Throws PawdexError item_not_found, picture_damaged. */
  getOriginal(collection: string, id: string): Promise<Uint8Array | null>;
  /** Finds which of the given hex content hashes are in the collection. */
  findKnown(collection: string, sha256: string[]): Promise<Map<string, { id: string; label: string | null }>>;
  /** In order of insertion. `limit` 1..1000. Throws PawdexError invalid_request for a bad cursor. */
  listItems(
    collection: string,
    options: { limit: number; cursor?: string; filter?: Filter },
  ): Promise<ItemPage>;
  /** @throws PawdexError item_not_found */
  updateItem(collection: string, id: string, patch: ItemPatch): Promise<Item>;
  /**
   * Changes many items, some at a time. All changes are durable when it resolves. An error leaves part of them changed.
   *
   * @returns how many items were changed
   * @throws PawdexError invalid_request for a filter without a condition
   */
  updateItems(collection: string, target: Target, patch: BulkPatch): Promise<number>;
  /** Deletes many items, like {@link updateItems}. Returns the number of deleted items. */
  deleteItems(collection: string, target: Target): Promise<number>;
  count(collection: string, filter?: Filter): Promise<number>;
  /** Counts the values of a metadata key (see {@link Filter}), most frequent first. */
  listFacets(collection: string, path: string, limit: number): Promise<Facet[]>;
  /** Counts the items per label, most frequent first. */
  listLabels(collection: string): Promise<LabelCount[]>;

  /**
   * Finds the nearest neighbours by cosine similarity, nearest first.
   *
   * @param query float32 [dimension], finite, not all zeros; it is normalised
   * @throws PawdexError vector_invalid
   */
  search(collection: string, query: Float32Array, options: SearchOptions): Promise<Hit[]>;
  /** Answers many queries in one call to the store's thread, in order; hits have no items. */
  searchMany(collection: string, queries: Float32Array[], options: SearchOptions): Promise<BareHit[][]>;
  /**
   * Iterates over all items with vectors, in order of insertion. Reads a page at a time, to limit memory.
   *
   * @throws PawdexError space_changed if the collection moves to another space meanwhile
   */
  iterate(collection: string, options?: { filter?: Filter }): AsyncIterable<ItemWithVector>;

  /**
   * Starts or continues a move to another embedding space. Searches use the old vectors until {@link finishReembedding}.
   * Vectors for any third space are dropped.
   */
  beginReembedding(collection: string, space: Space): Promise<void>;
  /**
   * Lists items without a vector in the new space, in order of insertion. A page may be empty although `next` says that
   * there are more.
   */
  listUnembedded(collection: string, options: { limit: number; cursor?: string }): Promise<ItemPage>;
  /**
   * Stores vectors of the new space, durably. Deleted items are skipped.
   *
   * @returns how many are stored
   * @throws PawdexError space_changed if the collection is not moving to this space (any more); vector_invalid
   */
  putSuccessorVectors(
    collection: string,
    fingerprint: string,
    vectors: { id: string; vector: Float32Array }[],
  ): Promise<number>;
  /**
   * Moves the collection to the new space in one step, if every item has a vector there and the index is built. Call it
   * until it has moved. Drops the calibration, which was fitted to the old space.
   */
  finishReembedding(collection: string, fingerprint: string): Promise<ReembeddingState>;

  /**
   * Writes a snapshot while everything else continues. Removes the oldest if there are too many.
   *
   * @throws also the signal's reason
   */
  createSnapshot(signal?: AbortSignal): Promise<StoredSnapshot>;
  /** Lists the snapshots, newest first. */
  listSnapshots(): Promise<StoredSnapshot[]>;
  /** Resolves when everything is loaded and searches run at full speed. Throws PawdexError data_damaged. */
  ready(): Promise<void>;
  /** Resolves with the error once damage is found, or with null when the store is closed. */
  waitForDamage(): Promise<PawdexError | null>;
  stats(): Promise<StoreStats>;
  /** Finishes accepted work, saves caches and closes files. Idempotent. */
  close(): Promise<void>;
}
