/** Requests about a photo. */
import type { Views } from '../image/decode-views.js';
import type { Rectangle } from '../image/heat-colours.js';
import type { Filter } from '../store/store.js';

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
