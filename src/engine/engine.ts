/**
 * The engine interface: what pawdex does, whoever asks. The HTTP routes and the command line are written
 * against it; `local.ts` runs it in this process, `client/` reaches one in another over HTTP.
 */
import type { EncoderInfo } from '../encoder/encoder.js';
import type { CollectionInfo, Filter, Hit, Item, ItemPage, ItemPatch, Metadata } from '../store/store.js';

/** Milliseconds spent, as answered to the caller. */
export interface Timing {
  decodeMs: number;
  embedMs: number;
  searchMs: number;
  totalMs: number;
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
}

/** A label with the share of trust it gets, 0..1; shares of all candidates sum to at most 1. */
export interface Candidate {
  label: string;
  confidence: number;
}

/** The answer to "what breed is this?". */
export interface Identification {
  decision: 'match' | 'ambiguous' | 'unknown';
  breed: string | null;
  /** 0..1; the probability that `breed` is right, or its bare share of the vote. */
  confidence: number;
  /** Whether `confidence` was fitted on photos whose breed is known; false: it is the share of the vote. */
  calibrated: boolean;
  candidates: Candidate[];
  neighbours: Neighbour[];
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** What to search for; exactly one of the kinds. */
export type Query =
  | { image: Uint8Array }
  | { id: string }
  | { vector: number[] | Float32Array }
  /** Mean of the positives' directions minus the negatives': ids of items in the collection. */
  | { positives: string[]; negatives: string[] };

/** The answer to a search. */
export interface SearchAnswer {
  hits: Hit[];
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

/** What became of one added image, in the order given. */
export type AddResult =
  | { status: 'created' | 'exists'; id: string; label: string | null }
  | { status: 'failed'; error: { code: string; detail: string; hint: string } };

/** An embedding with its model. */
export interface EmbedAnswer {
  /** float32 [dimension], L2 norm 1 */
  embedding: Float32Array;
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** What pawdex does. Methods throw PawdexError with the codes of the image, store and encoder layers. */
export interface Engine {
  readonly encoder: EncoderInfo;

  /**
   * @param k neighbours to list, 1..1000; as many as vote when absent. How many vote is fixed by the collection's
   *   calibration or the model card, so that the confidence does not depend on how many are listed.
   */
  identify(image: Uint8Array, options: { collection: string; k?: number }): Promise<Identification>;
  search(
    collection: string,
    query: Query,
    options: { k: number; filter?: Filter; exact?: boolean },
  ): Promise<SearchAnswer>;
  embed(image: Uint8Array): Promise<EmbedAnswer>;

  createCollection(name: string, description?: string): Promise<CollectionInfo>;
  listCollections(): Promise<CollectionInfo[]>;
  getCollection(name: string): Promise<CollectionInfo>;
  deleteCollection(name: string): Promise<void>;

  /**
   * Adds images; one bad image fails alone. What is `created` is durable; known content is not encoded again.
   *
   * @throws PawdexError collection_not_found, model_mismatch, storage_full, storage_failed
   */
  addItems(collection: string, items: ItemInput[]): Promise<AddResult[]>;
  /** Which hex content hashes the collection holds already. */
  known(collection: string, sha256: string[]): Promise<Map<string, { id: string; label: string | null }>>;
  getItem(collection: string, id: string): Promise<Item>;
  listItems(
    collection: string,
    options: { limit: number; cursor?: string; filter?: Filter },
  ): Promise<ItemPage>;
  updateItem(collection: string, id: string, patch: ItemPatch): Promise<Item>;
  deleteItem(collection: string, id: string): Promise<void>;
  getThumbnail(collection: string, id: string): Promise<Uint8Array>;

  /** Finishes accepted work and releases files and threads. Idempotent. */
  close(): Promise<void>;
}
