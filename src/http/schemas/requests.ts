/** What the endpoints accept. */
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { VIEWS } from '../../image/views.js';
import { parseBoundedJson } from '../body/json-guard.js';
import {
  boundedArray,
  choice,
  collectionName,
  filter,
  itemId,
  label,
  metadata,
  numberWithin,
  oneOrMany,
  paragraph,
  sha256List,
  source,
  species,
  vector,
  wholeNumber,
  yesNo,
} from './common.js';

const MAX_K = 1000;
/** Entries of `items`: the highest limit that PAWDEX_MAX_BATCH_FILES can set. */
const MAX_ITEMS = 1000;

/** The collection asked when none is named. */
export const DEFAULT_COLLECTION = 'breeds';
/** Neighbours returned by a search when `k` is not named. */
export const DEFAULT_SEARCH_K = 20;

/** Similarity from which two photos are one picture, when none is named. */
export const DEFAULT_THRESHOLD = 0.95;
export const threshold = numberWithin(
  0,
  1,
  'Cosine similarity from which two photos are one picture.',
  DEFAULT_THRESHOLD,
);

const imageBase64 = z
  .string()
  .optional()
  .meta({ description: 'The image file as base64 or as a data URL.', example: '/9j/4AAQSkZJRg...' });
const url = z.string().max(2000).optional().meta({ description: 'Address of an image; not enabled yet.' });

const where = { collection: collectionName.optional().meta({ default: DEFAULT_COLLECTION }) };

const views = choice(
  VIEWS,
  'Views of the photo whose embeddings are averaged: the photo alone; with its mirror image; five of them.',
  '1',
);
const explain = yesNo(
  'Say of the first 100 neighbours where in the photo the similarity comes from. Not with views=5; in a search, for an image.',
);

const voters = {
  ...where,
  views,
  explain,
  k: wholeNumber(
    1,
    MAX_K,
    'Neighbours to list; all that vote when absent. How many vote does not depend on it.',
  ),
};
export const identifyQuery = z.strictObject(voters);
export const identifyBody = z.strictObject({ ...voters, imageBase64, url });

export const embedQuery = z.strictObject({ views });
export const embedBody = z.strictObject({ views, imageBase64, url });

const explaining = {
  ...where,
  neighbour: itemId
    .optional()
    .meta({ description: 'The item to compare with: any of the collection. Required, here or in the body.' }),
  views: choice(['1', 'flip'], 'The photo alone, or averaged with its mirror image.', '1'),
};
export const explainQuery = z.strictObject(explaining);
export const explainBody = z.strictObject({ ...explaining, imageBase64, url });

const searching = {
  ...where,
  views,
  explain,
  k: wholeNumber(1, MAX_K, 'Neighbours wanted.', DEFAULT_SEARCH_K),
  exact: yesNo('Compare with every item instead of asking the index.'),
};
export const searchQuery = z.strictObject(searching);
export const searchBody = z.strictObject({
  ...searching,
  imageBase64,
  url,
  id: itemId.optional().meta({ description: 'Search by an item of the collection.' }),
  vector: vector
    .optional()
    .meta({ description: 'Search by a vector of as many numbers as the collection has dimensions.' }),
  positives: boundedArray(itemId, { max: 100 }).optional().meta({ description: 'Items to be similar to.' }),
  negatives: boundedArray(itemId, { max: 100 }).optional().meta({ description: 'Items to be unlike.' }),
  filter: filter.optional(),
});

/** What a form may say beside its file that the query cannot. */
export const searchForm = searchBody.pick({ filter: true });

export const newCollection = z.strictObject({
  name: collectionName,
  description: paragraph.optional(),
});

const described = {
  label: label.nullable().optional(),
  source: source.nullable().optional(),
  metadata: metadata.optional(),
};

/** Label, source and metadata of an upload: for all its images, and in `items` for each in order. */
export const itemsForm = z.strictObject({
  ...described,
  items: boundedArray(z.strictObject(described), { max: MAX_ITEMS }).optional().meta({
    description: 'One object per image, in order; its fields go before those for all.',
  }),
});

export const itemsJson = z.strictObject({
  ...described,
  items: boundedArray(z.strictObject({ ...described, imageBase64: z.string() }), { min: 1, max: MAX_ITEMS }),
});

export const itemPatch = z
  .strictObject(described)
  .refine((patch) => Object.keys(patch).length > 0, 'must name label, source or metadata');

/** Items a page of duplicates looks at when `limit` is not named. */
export const DEFAULT_DUPLICATES_LIMIT = 200;
const cursor = z.string().min(1).max(500).optional().meta({ description: '`next` of the page before.' });

export const duplicatesQuery = z.strictObject({
  threshold,
  limit: wholeNumber(1, 1000, 'Items looked at.', DEFAULT_DUPLICATES_LIMIT),
  cursor,
});

export const itemsQuery = z.strictObject({
  limit: wholeNumber(1, 1000, 'Items on a page.', 100),
  cursor,
  label: oneOrMany(label, 'One of these labels; repeat the parameter for several.'),
  species: oneOrMany(species, '`metadata.species` is one of these; repeat the parameter for several.'),
  sha256: sha256List,
  filter: z
    .string()
    .max(8000)
    .transform((text, context) => {
      try {
        return parseBoundedJson(text, 'query.filter');
      } catch (error) {
        const message = error instanceof PawdexError ? error.errors![0]!.message : 'must be JSON';
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      }
    })
    .pipe(filter)
    .optional()
    .meta({
      description: 'A filter as JSON, as in a search; the parameters above go before it.',
      type: 'string',
    }),
});
