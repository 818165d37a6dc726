/**
 * The interface of the engine, which implements the use cases of pawdex for the HTTP endpoints and the command line.
 * `local-engine.ts` runs an engine in this process; `client/` uses the engine of a server over HTTP.
 */
import type { EncoderInfo } from '../encoder/encoder.js';
import type { CalibrationOutcome } from '../evaluation/calibrate-collection.js';
import type { WorkOptions } from '../evaluation/collection-work.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { LabelTrouble } from '../evaluation/label-trouble.js';
import type { CollectionPatch, Store } from '../store/store.js';
import type {
  AddResult,
  AttachStatus,
  CollectionMap,
  DuplicatePage,
  EmbedAnswer,
  ExportOutcome,
  Identification,
  ImportOutcome,
  ReembedOutcome,
  SearchAnswer,
  ServedCollection,
} from './answers.js';
import type {
  CalibrateOptions,
  CreateOptions,
  DuplicateOptions,
  HeatMapOptions,
  IdentifyOptions,
  ImportOptions,
  ItemInput,
  LabelCheckOptions,
  LocalAddOptions,
  LookOptions,
  Query,
  ReembedOptions,
  SearchOptions,
  ThumbnailInput,
} from './requests.js';

export type * from './answers.js';
export type * from './requests.js';

/** The methods of the store that the engine passes on unchanged. */
export type StoredCollections = Pick<
  Store,
  | 'listCollections'
  | 'getCollection'
  | 'listLabels'
  | 'listFacets'
  | 'getItem'
  | 'listItems'
  | 'updateItem'
  | 'updateItems'
  | 'deleteItems'
  | 'getThumbnail'
  | 'findKnown'
  | 'createSnapshot'
  | 'listSnapshots'
>;

/** The use cases of pawdex. Methods throw PawdexError with the codes of the image, store and encoder layers. */
export interface Engine {
  readonly encoder: EncoderInfo;
  readonly store: StoredCollections;

  /**
   * Identifies the breed on a photo.
   *
   * `options.k` is the number of neighbours to list, 1..1000; by default all that vote. The collection's calibration or the
   * model card decides how many vote, so the confidence does not depend on `k`. `options.explain` adds an explanation to
   * the first 100 neighbours.
   *
   * @throws PawdexError explain_unavailable if this encoder cannot explain similarities
   */
  identify(image: Uint8Array, options: IdentifyOptions): Promise<Identification>;
  search(collection: string, query: Query, options: SearchOptions): Promise<SearchAnswer>;
  embed(image: Uint8Array, options?: LookOptions): Promise<EmbedAnswer>;
  /**
   * Draws the photo with a heat map of where its similarity to an item comes from.
   *
   * @param neighbour id of any item of the collection
   * @returns a PNG, upright, at most 1024 pixels on the longer side
   * @throws PawdexError item_not_found, explain_unavailable
   */
  drawHeatMap(image: Uint8Array, options: HeatMapOptions): Promise<Uint8Array>;

  listCollections(): Promise<ServedCollection[]>;
  /** @throws PawdexError collection_not_found */
  getCollection(name: string): Promise<ServedCollection>;
  /** @throws PawdexError collection_exists, encoder_not_found */
  createCollection(name: string, description?: string, options?: CreateOptions): Promise<ServedCollection>;
  /**
   * Renames a collection, sets its aliases, or changes its description or `originals`.
   *
   * @throws PawdexError collection_exists
   */
  updateCollection(
    name: string,
    patch: Pick<CollectionPatch, 'name' | 'aliases' | 'description' | 'originals'>,
  ): Promise<ServedCollection>;
  deleteCollection(name: string): Promise<void>;

  /**
   * Adds images. A bad image fails alone. `created` items are durable, and known content is not encoded again.
   *
   * @throws PawdexError collection_not_found, model_mismatch, storage_full, storage_failed
   */
  addItems(collection: string, items: ItemInput[], options?: LocalAddOptions): Promise<AddResult[]>;
  deleteItem(collection: string, id: string): Promise<void>;

  /**
   * Adds thumbnails to items without one, found by their content.
   *
   * @returns one result per thumbnail, in order
   * @throws PawdexError collection_not_found, thumbnail_invalid (then none was attached), storage_full, storage_failed
   */
  attachThumbnails(collection: string, thumbnails: ThumbnailInput[]): Promise<AttachStatus[]>;

  /**
   * Draws the items of a collection on a plane, with similar ones close together. This takes up to a minute for 10,000
   * items, and is cached until the items change.
   *
   * @throws PawdexError collection_not_found, model_mismatch, worker_failed
   */
  getMap(collection: string): Promise<CollectionMap>;

  /**
   * Finds near-duplicates of the next `limit` items. Compares each item with its twenty nearest in the whole collection.
   * Over all pages, each pair is listed once.
   *
   * @param options threshold: cosine similarity from which two items count as the same picture; limit: 1..1000 items
   * @throws PawdexError collection_not_found, model_mismatch; invalid_request for a bad cursor
   */
  findDuplicates(collection: string, options: DuplicateOptions): Promise<DuplicatePage>;
  /**
   * Fits a calibration by identifying the collection's own photos, and stores it with the collection.
   *
   * @throws PawdexError collection_not_found, model_mismatch, vector_invalid, storage_failed; the signal's reason
   */
  calibrate(collection: string, options?: CalibrateOptions): Promise<CalibrationOutcome>;
  /** Evaluates a collection with its own photos, each compared with all others. Throws as {@link calibrate}. */
  evaluate(collection: string, options?: CalibrateOptions): Promise<CollectionEvaluation>;
  /**
   * Finds items that are probably mislabelled.
   *
   * @param options threshold: similarity from which two photos count as the same picture; limit: entries per list
   * @throws PawdexError collection_not_found, model_mismatch; the signal's reason
   */
  findLabelTrouble(collection: string, options: LabelCheckOptions): Promise<LabelTrouble>;

  /**
   * Moves a collection to another encoder. Searches use the old vectors until all new ones are ready; then all items switch
   * at once. An interrupted call keeps its embeddings for the next one.
   *
   * @throws PawdexError collection_not_found, encoder_not_found, storage_full, storage_failed; the signal's reason
   */
  reembed(collection: string, options?: ReembedOptions): Promise<ReembedOutcome>;
  /**
   * Writes a collection to a Parquet file. An existing file is replaced once the new one is complete.
   *
   * @throws PawdexError collection_not_found, file_unreadable, storage_full; the signal's reason
   */
  exportCollection(collection: string, file: string, options?: WorkOptions): Promise<ExportOutcome>;
  /**
   * Adds the items of a Parquet file to a collection, which is created if needed. Existing items are kept, so an
   * interrupted import can be repeated.
   *
   * @throws PawdexError export_invalid, model_mismatch, storage_full, storage_failed; the signal's reason
   */
  importCollection(collection: string, file: string, options?: ImportOptions): Promise<ImportOutcome>;

  /** Finishes accepted work, then releases files and threads. Idempotent. */
  close(): Promise<void>;
}
