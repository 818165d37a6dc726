/** POST /v1/search: nearest neighbours of an image, an item, a vector or examples. */
import { z } from 'zod';
import { searchAnswerSchema } from '../../engine/answers.js';
import type { Example, Query } from '../../engine/engine.js';
import { boundedArray, filter, itemId, numberWithin, vector } from '../../engine/request-fields.js';
import { identifyOptions, searchOptions } from '../../engine/requests.js';
import { PawdexError } from '../../errors.js';
import { imageBody } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json } from '../response-spec.js';
import { roundNumbers } from '../round-numbers.js';

const example = z.union([itemId, vector], 'must be the id of an item or a vector of numbers');

/** The fields that say what to search for. */
interface QueryFields {
  image: Uint8Array | null;
  id?: string;
  vector?: number[];
  positives?: Example[];
  negatives?: Example[];
  negativeWeight?: number;
}

/** @throws PawdexError image_missing if there is no query, invalid_request if there are several */
function chooseQuery({ image, id, vector, positives, negatives, negativeWeight }: QueryFields): Query {
  const hasExamples = positives !== undefined || negatives !== undefined;
  const queries: Query[] = [
    ...(image === null ? [] : [{ image }]),
    ...(id === undefined ? [] : [{ id }]),
    ...(vector === undefined ? [] : [{ vector }]),
    ...(hasExamples ? [{ positives: positives ?? [], negatives: negatives ?? [], negativeWeight }] : []),
  ];
  const [query, other] = queries;
  if (negativeWeight !== undefined && negatives === undefined) {
    throw new PawdexError('invalid_request', { detail: '`negativeWeight` requires `negatives`.' });
  }
  if (query === undefined) {
    throw new PawdexError('image_missing', {
      detail: 'The request does not say what to search for.',
      hint: 'Send an image, or `id`, `vector`, or `positives` with `negatives` in JSON.',
    });
  }
  if (other !== undefined) {
    throw new PawdexError('invalid_request', {
      detail: 'The request contains more than one query; send one of image, id, vector or positives.',
    });
  }
  return query;
}

/** More neighbours are queued. Images have their own queue. */
const MAX_UNQUEUED_NEIGHBOURS = 100;

export const search = defineEndpoint({
  method: 'post',
  path: '/v1/search',
  isReading: true,
  tag: 'queries',
  urgency: 'urgent',
  summary: 'Search for the nearest neighbours of an image, an item, a vector or examples',
  description:
    'Send one of: an image, `id`, `vector`, or `positives` with `negatives`. Examples are ids of items, or vectors such ' +
    'as those from `/v1/embed`. The query is then the mean of the positives minus `negativeWeight` times the mean of ' +
    "the negatives, scaled to unit length (Rocchio's relevance feedback). Items named in the query are not among the " +
    'results.',
  body: imageBody(
    {
      options: { collection: identifyOptions.collection, ...searchOptions },
      fields: {
        id: itemId.optional().meta({ description: 'Search by an item of the collection.' }),
        vector: vector.optional().meta({
          description: 'Search by a vector with one number for each dimension of the collection.',
        }),
        positives: boundedArray(example, { max: 100 })
          .optional()
          .meta({ description: 'Items or vectors to be similar to.' }),
        negatives: boundedArray(example, { max: 100 })
          .optional()
          .meta({ description: 'Items or vectors to be different from.' }),
        negativeWeight: numberWithin(0, 1).optional().meta({
          description: 'Weight of the negatives relative to the positives. Default: 1/3.',
        }),
        filter: filter.optional(),
      },
    },
    'optional',
  ),
  queue: ({ body: { image, k, exact } }) =>
    image === null && (k > MAX_UNQUEUED_NEIGHBOURS || exact === true) ? 'pages' : undefined,
  response: json(searchAnswerSchema, 'The neighbours.'),
  errors: [
    'region_invalid',
    'vector_invalid',
    'collection_not_found',
    'item_not_found',
    'model_mismatch',
    'explain_unavailable',
  ],
  async handle({ body }, { engine }) {
    const { collection, k, filter, exact, views, explain, region } = body;
    const options = { k, filter, exact, views, region, explain };
    return roundNumbers(await engine.search(collection, chooseQuery(body), options));
  },
});
