/**
 * The interface of the engine, which does what pawdex is for. The HTTP endpoints and the command line use it.
 * `local.ts` runs an engine in this process; `client/` reaches the one of a server over HTTP.
 */
import type { Basis, TalliedCandidate } from '../breeds/identify-breed.js';
import type { EncoderInfo } from '../encoder/encoder.js';
import type { CalibrationOutcome } from '../evaluation/calibrate-collection.js';
import type { WorkOptions } from '../evaluation/collection-queries.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { LabelTrouble } from '../evaluation/label-trouble.js';
import type { Views } from '../image/decode-views.js';
import type { Rectangle } from '../image/heat-colours.js';
import type { CollectionInfo, Filter, Hit, Metadata, Store } from '../store/store.js';

/** Milliseconds that each step of an answer took. */
export interface Timing {
  decodeMs: number;
  embedMs: number;
  searchMs: number;
  totalMs: number;
}

/** Where in a photo its similarity to an item comes from: a grid over the photo, with a share for each cell. */
export interface Explanation {
  rows: number;
  columns: number;
  /**
   * The part of the upright photo that the cells divide into equal rectangles, in fractions of its width and height.
   * It is about the centre square, which the encoder sees. The padding of the network decides where exactly its cells
   * begin and end. What the network sees beyond the outer cells counts for them.
   */
  region: Rectangle;
  /**
   * Each cell's share of the similarity, row by row from the upper left; they sum to it. A negative share means that
   * the photo would be more similar without the cell.
   */
  shares: number[];
}

/** One neighbour in an answer. */
export interface Neighbour {
  id: string;
  label: string | null;
  /** Cosine similarity, -1..1. */
  similarity: number;
  source: string | null;
  /** Whether `/v1/collections/{c}/items/{id}/thumbnail` has a picture of it. */
  hasThumbnail: boolean;
  /** Where the similarity comes from, if it was asked for. */
  explanation?: Explanation;
}

/** One of several animals on a photo. */
export interface Animal {
  breed: string;
  /** 0..1, as of an answer about this part. */
  confidence: number;
  /** Where it is, in fractions of the upright photo. */
  region: Rectangle;
}

/** The answer to "what breed is this?". */
export interface Identification {
  decision: 'match' | 'ambiguous' | 'unknown';
  breed: string | null;
  /** 0..1; the probability that the first candidate is right, or its bare share of the vote. */
  confidence: number;
  /** Whether `confidence` was fitted to the collection; see `basis` for what it rests on otherwise. */
  calibrated: boolean;
  /** What `confidence` rests on. */
  basis: Basis;
  /** That the collection holds what the photo shows, 0..1; null where nothing was fitted. */
  known: number | null;
  /** The part of the upright photo that the answer is about, in fractions of its width and height. */
  region: Rectangle;
  /** The animals on the photo, where looks at its parts are sure of different breeds; else none. */
  animals: Animal[];
  candidates: TalliedCandidate[];
  neighbours: Neighbour[];
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** Settings of {@link Engine.identify}. */
export interface IdentifyOptions extends LookOptions {
  collection: string;
  k?: number;
  explain?: boolean;
}

/** Settings of {@link Engine.search}. `views` and `explain` are for a query that is an image. */
export interface SearchOptions extends LookOptions {
  k: number;
  filter?: Filter;
  exact?: boolean;
  explain?: boolean;
}

/** Settings of {@link Engine.heatMap}. */
export interface HeatMapOptions extends LookOptions {
  collection: string;
  /** Id of the item to compare with. */
  neighbour: string;
}

/** What to search for: exactly one of these. */
export type Query = { image: Uint8Array } | { id: string } | { vector: number[] | Float32Array } | Examples;

/** An item of the collection, by its id, or a vector with the collection's dimension. */
export type Example = string | number[] | Float32Array;

/** What to be similar to and what not: the mean of the positives' directions less a part of that of the negatives. */
export interface Examples {
  positives: Example[];
  negatives: Example[];
  /** How much of the negatives' mean is taken away, 0..1; a third unless given. */
  negativeWeight?: number | undefined;
}

/** How the image of a question is embedded. */
export interface LookOptions {
  /** Views of the photo whose embeddings are averaged; `1`, the photo as it is, unless given. */
  views?: Views;
  /**
   * The part of the upright photo to look at, in fractions of its width and height; all of it, of which an encoder sees
   * the centre square, unless given.
   */
  region?: Rectangle | undefined;
}

/** A neighbour of what was searched for. */
export type FoundItem = Hit & Pick<Neighbour, 'explanation'>;

/** The answer to a search. */
export interface SearchAnswer {
  hits: FoundItem[];
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** An image to add. */
export interface ItemInput {
  image: Uint8Array;
  label?: string | null;
  source?: string | null;
  metadata?: Metadata;
}

/** Settings of {@link Engine.addItems}. */
export interface AddOptions {
  /** Content that the collection holds gets the label, source and metadata that come with it, and is `updated`. */
  upsert?: boolean | undefined;
}

/** What became of one added image, in the order given. */
export type AddResult =
  | { status: 'created' | 'exists' | 'updated'; id: string; label: string | null }
  | { status: 'failed'; error: { code: string; detail: string; hint: string } };

/** An embedding with its model. */
export interface EmbedAnswer {
  /** float32 [dimension], L2 norm 1 */
  embedding: Float32Array;
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** Photos that show nothing the collection in question holds: those of another collection, or embeddings. */
export type NonPets =
  | { collection: string }
  /** float32 [dimension] each */
  | { embeddings: Float32Array[] };

/** Two items that are nearly one picture. */
export interface DuplicatePair {
  a: { id: string; label: string | null };
  b: { id: string; label: string | null };
  /** Cosine similarity. */
  similarity: number;
}

/** What a page of items has near-duplicates of. */
export interface DuplicatePage {
  /** The most similar first. */
  pairs: DuplicatePair[];
  /** Items looked at for this page. */
  scanned: number;
  /** Pass as `cursor` for the next page; null at the end. */
  next: string | null;
}

/** The part of the store that callers use as it is: the engine has nothing to add to it. */
export type StoredCollections = Pick<
  Store,
  | 'listCollections'
  | 'getCollection'
  | 'labels'
  | 'facets'
  | 'get'
  | 'list'
  | 'update'
  | 'updateMany'
  | 'deleteMany'
  | 'getThumbnail'
  | 'known'
  | 'createSnapshot'
  | 'listSnapshots'
>;

/** What pawdex does. Methods throw PawdexError with the codes of the image, store and encoder layers. */
export interface Engine {
  readonly encoder: EncoderInfo;
  readonly store: StoredCollections;

  /**
   * @param k neighbours to list, 1..1000; as many as vote when absent. How many vote is fixed by the collection's
   *   calibration or the model card, so that the confidence does not depend on how many are listed.
   * @param explain adds to the first 100 neighbours where the similarity comes from; also in `search`, for an image
   * @throws PawdexError explain_unavailable when this encoder cannot say
   */
  identify(image: Uint8Array, options: IdentifyOptions): Promise<Identification>;
  search(collection: string, query: Query, options: SearchOptions): Promise<SearchAnswer>;
  embed(image: Uint8Array, options?: LookOptions): Promise<EmbedAnswer>;
  /**
   * The photo with a map of where its similarity to an item comes from.
   *
   * @param neighbour id of any item of the collection
   * @returns a PNG, upright, at most 1024 pixels on the longer side
   * @throws PawdexError item_not_found, explain_unavailable
   */
  heatMap(image: Uint8Array, options: HeatMapOptions): Promise<Uint8Array>;

  createCollection(name: string, description?: string): Promise<CollectionInfo>;
  deleteCollection(name: string): Promise<void>;

  /**
   * Adds images; one bad image fails alone. What is `created` is durable; known content is not encoded again.
   *
   * @throws PawdexError collection_not_found, model_mismatch, storage_full, storage_failed
   */
  addItems(collection: string, items: ItemInput[], options?: AddOptions): Promise<AddResult[]>;
  deleteItem(collection: string, id: string): Promise<void>;

  /**
   * Near-duplicates of the next `limit` items, wherever they are in the collection. Over all pages each pair comes
   * once; an item's twenty nearest are looked at.
   *
   * @param options threshold: cosine similarity from which two items are one picture; limit: 1..1000 items
   * @throws PawdexError collection_not_found, model_mismatch; invalid_request for a bad cursor
   */
  duplicates(
    collection: string,
    options: { threshold: number; limit: number; cursor?: string },
  ): Promise<DuplicatePage>;
  /**
   * Fits how far to trust a collection's answers, by asking it for its own photos, and stores that with it.
   *
   * @throws PawdexError collection_not_found, model_mismatch, vector_invalid, storage_failed; the signal's reason
   */
  calibrate(collection: string, options?: WorkOptions & { nonPets?: NonPets }): Promise<CalibrationOutcome>;
  /** Measures a collection with its own photos, each asked without itself. Throws as {@link calibrate}. */
  evaluate(collection: string, options?: WorkOptions & { nonPets?: NonPets }): Promise<CollectionEvaluation>;
  /**
   * What is likely mislabelled in a collection.
   *
   * @param options threshold: similarity from which two photos are one picture; limit: entries of each list
   * @throws PawdexError collection_not_found, model_mismatch; the signal's reason
   */
  labelTrouble(
    collection: string,
    options: WorkOptions & { threshold: number; limit: number },
  ): Promise<LabelTrouble>;

  /** Finishes accepted work and releases files and threads. Idempotent. */
  close(): Promise<void>;
}
