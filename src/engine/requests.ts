/** What callers pass to the engine: photos, questions about them, and the settings of each method. */
import type { WorkOptions } from '../evaluation/collection-queries.js';
import type { Views } from '../image/decode-views.js';
import type { Rectangle } from '../image/heat-colours.js';
import type { Filter, Metadata, Originals } from '../store/store.js';
import type { ImportOutcome, ReembedState } from './answers.js';

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

/** An image to add. */
export interface ItemInput {
  image: Uint8Array;
  label?: string | null;
  source?: string | null;
  metadata?: Metadata;
}

/** Settings of `Engine.addItems`. */
export interface AddOptions {
  /** Update the label, source and metadata of items that already exist. */
  upsert?: boolean | undefined;
}

/** Photos of subjects that the collection does not contain: another collection, or embeddings. */
export type NonPets =
  | { collection: string }
  /** float32 [dimension] each */
  | { embeddings: Float32Array[] };

/** A thumbnail for the item with this content. */
export interface ThumbnailInput {
  /** Hex sha256 of the item's original bytes. */
  sha256: string;
  /** A small JPEG or WebP. */
  thumbnail: Uint8Array;
}

/** Settings of `Engine.createCollection`. */
export interface CreateOptions {
  /** Name of an added encoder. Default: the engine's own. */
  encoder?: string | undefined;
  originals?: Originals | undefined;
}

export interface ReembedOptions extends WorkOptions {
  /** Name of the encoder to move to. Default: the engine's own. */
  encoder?: string | undefined;
  /** Folders that hold the photos under the names in `source`. */
  photos?: string[] | undefined;
  /** Also embeds the stored previews of items without a better picture. */
  previews?: boolean | undefined;
  /** Deletes items without a picture. */
  dropMissing?: boolean | undefined;
  /** What an earlier, interrupted call has done. */
  resumeFrom?: ReembedState | undefined;
  /** Called after each batch of vectors has been stored. The work continues when it resolves. */
  onBatch?: ((state: ReembedState) => Promise<void>) | undefined;
}

/** Settings of `Engine.importCollection`. */
export interface ImportOptions
  extends Omit<ReembedOptions, 'encoder' | 'dropMissing' | 'resumeFrom' | 'onBatch'> {
  /** Embeds the pictures instead of importing vectors of another model. */
  reembed?: boolean | undefined;
  /** Where an earlier import of the same file into the same collection stopped. */
  resumeFrom?: ImportState | undefined;
  /** Called after each batch of rows has been stored. The import continues when it resolves. */
  onBatch?: ((state: ImportState) => Promise<void>) | undefined;
}

/** Progress of an import. */
export interface ImportState {
  /** Rows processed. */
  done: number;
  outcome: ImportOutcome;
}
