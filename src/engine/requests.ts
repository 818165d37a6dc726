/**
 * What callers pass to the engine: photos, questions about them, and the options of each method. Options that an HTTP request
 * can contain are declared as schemas, which validate the request, document the API and give the type.
 */
import type { z } from 'zod';
import { SHIPPED_COLLECTION } from '../config.js';
import type { WorkOptions } from '../evaluation/collection-work.js';
import { VIEWS } from '../image/decode-views.js';
import { originalsSchema } from '../store/records.js';
import type { Filter, Metadata } from '../store/store.js';
import type { ImportOutcome, ReembedState } from './answers.js';
import { plainText } from './item-fields.js';
import {
  choice,
  collectionName,
  cursor,
  photoRegion,
  threshold,
  wholeNumber,
  yesNo,
} from './request-fields.js';

type Shape = Record<string, z.ZodType>;
/** The values of options. Callers may leave out all but `Required`. */
type OptionsOf<S extends Shape, Required extends keyof z.output<z.ZodObject<S>> = never> = Partial<
  z.output<z.ZodObject<S>>
> &
  Pick<z.output<z.ZodObject<S>>, Required>;

/** How to look at a photo. */
export const lookOptions = {
  views: choice(VIEWS).default('1').meta({
    description:
      'Views of the photo whose embeddings are averaged: the photo alone, the photo and its mirror image, or five views.',
  }),
  region: photoRegion.optional().meta({
    description:
      'Look at this part of the photo: x,y,width,height in fractions of the upright photo, such as 0,0,0.5,1.',
    example: '0.5,0,0.5,1',
  }),
};
export type LookOptions = OptionsOf<typeof lookOptions>;

const explain = yesNo().optional().meta({
  description:
    'Explain for the first 100 neighbours where in the photo the similarity comes from. Not with views=5; in a search, only for an image.',
});

export const identifyOptions = {
  collection: collectionName.default(SHIPPED_COLLECTION),
  ...lookOptions,
  explain,
  animals: yesNo().optional().meta({
    description:
      'Also look at the ends of a photo whose middle is a match, so that `animals` finds a second one there. The answer itself does not change.',
  }),
  k: wholeNumber(1, 1000).optional().meta({
    description: 'Number of neighbours to list. Default: all that vote. Does not change how many vote.',
  }),
};
export type IdentifyOptions = OptionsOf<typeof identifyOptions, 'collection'>;

/** Options of `Engine.search`. `views` and `explain` are for a query that is an image. */
export const searchOptions = {
  ...lookOptions,
  explain,
  k: wholeNumber(1, 1000).default(20).meta({ description: 'Number of neighbours to return.' }),
  exact: yesNo().optional().meta({ description: 'Compare with every item instead of using the index.' }),
};
export type SearchOptions = OptionsOf<typeof searchOptions, 'k'> & { filter?: Filter };

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

export interface ItemInput {
  image: Uint8Array;
  label?: string | null;
  source?: string | null;
  metadata?: Metadata;
}

export const addOptions = {
  upsert: yesNo()
    .default(false)
    .meta({ description: 'Update label, source and metadata of existing items.' }),
};
export type AddOptions = OptionsOf<typeof addOptions>;

/** Options for callers in this process. */
export interface LocalAddOptions extends AddOptions {
  /** Hex sha256 of each image, if the caller has just looked them up and the collection had none of them. */
  newHashes?: readonly string[] | undefined;
}

/** Photos of subjects that the collection does not contain: another collection, or embeddings. */
export type NonPets =
  | { collection: string }
  /** float32 [dimension] each */
  | { embeddings: Float32Array[] };

/** Options of `Engine.calibrate` and `Engine.evaluate`. */
export interface CalibrateOptions extends WorkOptions {
  nonPets?: NonPets | undefined;
}

export interface ThumbnailInput {
  /** Hex sha256 of the item's original bytes. */
  sha256: string;
  /** A small JPEG or WebP. */
  thumbnail: Uint8Array;
}

export const createOptions = {
  encoder: plainText(200)
    .optional()
    .meta({ description: 'Name of an added encoder. Default: the encoder of this server.' }),
  originals: originalsSchema.optional(),
};
export type CreateOptions = OptionsOf<typeof createOptions>;

/** Options of `Engine.findDuplicates`. */
export const duplicateOptions = {
  threshold,
  limit: wholeNumber(1, 1000).default(200).meta({ description: 'Number of items to compare.' }),
  cursor: cursor.optional(),
};
export type DuplicateOptions = OptionsOf<typeof duplicateOptions, 'threshold' | 'limit'>;

/** Options of `Engine.findLabelTrouble`. */
export const labelCheckOptions = {
  threshold,
  limit: wholeNumber(1, 1000).default(200).meta({ description: 'Entries of each list.' }),
};
export type LabelCheckOptions = WorkOptions & OptionsOf<typeof labelCheckOptions, 'threshold' | 'limit'>;

/** Where to look for photos to embed again, and what to do after each batch. */
interface ResumableOptions<State> extends WorkOptions {
  /** Folders that the `source` paths of items are relative to. */
  photos?: string[] | undefined;
  /** What an earlier, interrupted call has done. */
  resumeFrom?: State | undefined;
  /** Called after each batch has been stored. The work continues when it resolves. */
  onBatch?: ((state: State) => Promise<void>) | undefined;
}

export const reembedOptions = {
  encoder: plainText(200).optional().meta({
    description: 'Name of an added encoder to move to. Default: the encoder of this server.',
  }),
  previews: yesNo().optional().meta({
    description: 'Embed the thumbnail of items without a better copy of the photo.',
  }),
  dropMissing: yesNo().optional().meta({ description: 'Delete items without a copy of the photo.' }),
};
export type ReembedOptions = ResumableOptions<ReembedState> & OptionsOf<typeof reembedOptions>;

export const importOptions = {
  reembed: yesNo().default(false).meta({ description: 'Embed the photos instead of importing the vectors.' }),
  previews: yesNo()
    .default(false)
    .meta({ description: 'Embed thumbnails if there is no better copy of the photo.' }),
};
export type ImportOptions = ResumableOptions<ImportState> & OptionsOf<typeof importOptions>;

export interface ImportState {
  /** Rows processed. */
  done: number;
  outcome: ImportOutcome;
}
