/** Requests about a photo, and their answers. */
import type { Basis, TalliedCandidate } from '../breeds/identify-breed.js';
import type { Views } from '../image/decode-views.js';
import type { Rectangle } from '../image/heat-colours.js';
import type { Filter, Hit } from '../store/store.js';

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
   * The part of the upright photo that the cells divide into equal rectangles, in fractions of its width and height. It is
   * roughly the centre square, which the encoder sees; the exact bounds depend on the network's padding. The outer cells
   * include what the network sees beyond them.
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
  /** Whether `/v1/collections/{c}/items/{id}/thumbnail` has a picture. */
  hasThumbnail: boolean;
  /** Where the similarity comes from, if requested. */
  explanation?: Explanation;
}

/** One of several animals in a photo. */
export interface Animal {
  breed: string;
  /** 0..1, for this part of the photo. */
  confidence: number;
  /** Where it is, in fractions of the upright photo. */
  region: Rectangle;
}

/** The answer of `Engine.identify`. */
export interface Identification {
  decision: 'match' | 'ambiguous' | 'unknown';
  breed: string | null;
  /**
   * Probability that the first candidate is right, 0..1; or its share of the vote if there is neither a calibration nor
   * statistics.
   */
  confidence: number;
  /** Whether `confidence` was fitted to the collection. */
  calibrated: boolean;
  /** Where `confidence` comes from. */
  basis: Basis;
  /**
   * Probability that the collection contains what the photo shows, 0..1; null if there is neither a calibration nor
   * statistics.
   */
  known: number | null;
  /** The part of the upright photo that the answer is about, in fractions of its width and height. */
  region: Rectangle;
  /** The animals in the photo, if looks at its parts match different breeds; otherwise empty. */
  animals: Animal[];
  candidates: TalliedCandidate[];
  neighbours: Neighbour[];
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** Settings of `Engine.identify`. */
export interface IdentifyOptions extends LookOptions {
  collection: string;
  k?: number;
  explain?: boolean;
  /** Also looks at the ends of a photo whose middle is a match, for a second animal. */
  animals?: boolean;
}

/** Settings of `Engine.search`. `views` and `explain` are for a query that is an image. */
export interface SearchOptions extends LookOptions {
  k: number;
  filter?: Filter;
  exact?: boolean;
  explain?: boolean;
}

/** Settings of `Engine.drawHeatMap`. */
export interface HeatMapOptions extends LookOptions {
  collection: string;
  /** Id of the item to compare with. */
  neighbour: string;
}

/** What to search for: exactly one of these. */
export type Query = { image: Uint8Array } | { id: string } | { vector: number[] | Float32Array } | Examples;

/** The id of an item of the collection, or a vector of the collection's dimension. */
export type Example = string | number[] | Float32Array;

/** Examples of what to find and what not: the mean direction of the positives minus a fraction of that of the negatives. */
export interface Examples {
  positives: Example[];
  negatives: Example[];
  /** Fraction of the negatives' mean to subtract, 0..1. Default: a third. */
  negativeWeight?: number | undefined;
}

/** How to embed an image. */
export interface LookOptions {
  /** Views of the photo whose embeddings are averaged. Default: `1`, the photo itself. */
  views?: Views;
  /**
   * The part of the upright photo to look at, in fractions of its width and height. Default: the whole photo, of
   * which the encoder sees the centre square.
   */
  region?: Rectangle | undefined;
}

/** A neighbour of the query. */
export type FoundItem = Hit & Pick<Neighbour, 'explanation'>;

/** The answer to a search. */
export interface SearchAnswer {
  hits: FoundItem[];
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** An embedding with its model. */
export interface EmbedAnswer {
  /** float32 [dimension], L2 norm 1 */
  embedding: Float32Array;
  model: { name: string; fingerprint: string };
  timing: Timing;
}
