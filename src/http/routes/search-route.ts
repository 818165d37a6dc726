/** POST /v1/search: nearest neighbours of an image, an item, a vector or examples. */
import type { Query } from '../../engine/engine.js';
import { PawdexError } from '../../errors.js';
import { optionalImageBody } from '../body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json } from '../response-spec.js';
import { roundNeighbour, roundTiming } from '../rounding.js';
import { searchAnswer } from '../schemas/answers.js';
import {
  boundedArray,
  collectionOption,
  explainOption,
  filter,
  itemId,
  regionOption,
  vector,
  viewsOption,
  wholeNumber,
  yesNo,
} from '../schemas/fields.js';

/** The ways to say what is searched for. */
interface Named {
  image: Uint8Array | null;
  id?: string;
  vector?: number[];
  positives?: string[];
  negatives?: string[];
}

/** @throws PawdexError image_missing when nothing is searched for, invalid_request when several things are */
function chooseQuery({ image, id, vector, positives, negatives }: Named): Query {
  const ways: Query[] = [];
  if (image !== null) {
    ways.push({ image });
  }
  if (id !== undefined) {
    ways.push({ id });
  }
  if (vector !== undefined) {
    ways.push({ vector });
  }
  if (positives !== undefined || negatives !== undefined) {
    ways.push({ positives: positives ?? [], negatives: negatives ?? [] });
  }
  const [way, other] = ways;
  if (way === undefined) {
    throw new PawdexError('image_missing', {
      detail: 'The request does not say what to search for.',
      hint: 'Send an image, or `id`, `vector`, or `positives` with `negatives` in JSON.',
    });
  }
  if (other !== undefined) {
    throw new PawdexError('invalid_request', {
      detail:
        'The request names more than one thing to search for; send one of image, id, vector, positives.',
    });
  }
  return way;
}

export const search = defineEndpoint({
  method: 'post',
  path: '/v1/search',
  tag: 'ask',
  urgency: 'urgent',
  summary: 'Search for the nearest neighbours of an image, an item, a vector or examples',
  description:
    'Name one of: an image, `id`, `vector`, `positives`/`negatives` (mean of the positives minus mean of the ' +
    'negatives). Items named in the query are not among the answers.',
  body: optionalImageBody({
    options: {
      collection: collectionOption,
      views: viewsOption,
      explain: explainOption,
      region: regionOption,
      k: wholeNumber(1, 1000).default(20).meta({ description: 'Neighbours to return.' }),
      exact: yesNo().optional().meta({ description: 'Compare with every item instead of asking the index.' }),
    },
    fields: {
      id: itemId.optional().meta({ description: 'Search by an item of the collection.' }),
      vector: vector.optional().meta({
        description: 'Search by a vector with one number for each dimension of the collection.',
      }),
      positives: boundedArray(itemId, { max: 100 })
        .optional()
        .meta({ description: 'Items to be similar to.' }),
      negatives: boundedArray(itemId, { max: 100 })
        .optional()
        .meta({ description: 'Items to be different from.' }),
      filter: filter.optional(),
    },
  }),
  response: json(searchAnswer, 'The neighbours.'),
  errors: [
    'image_missing',
    'image_unexpected',
    'region_invalid',
    'vector_invalid',
    'collection_not_found',
    'item_not_found',
    'model_mismatch',
    'explain_unavailable',
  ],
  async handle({ body }, { engine }) {
    const { collection, k, filter, exact, views, explain, region } = body;
    const query = chooseQuery(body);
    const { hits, model, timing } = await engine.search(collection, query, {
      k,
      filter,
      exact,
      views,
      region,
      explain,
    });
    const neighbours = hits.map(({ item, ...found }) => roundNeighbour({ ...item, ...found }));
    return { neighbours, model, timing: roundTiming(timing) };
  },
});
