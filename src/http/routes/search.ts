/** POST /v1/search: nearest neighbours of an image, an item, a vector or examples. */
import type { z } from 'zod';
import type { Engine, Query } from '../../engine/engine.js';
import { PawdexError } from '../../errors.js';
import { imageOf } from '../body/images.js';
import type { Body, BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { searchAnswer } from '../schemas/answers.js';
import {
  DEFAULT_COLLECTION,
  DEFAULT_SEARCH_K,
  searchBody,
  searchForm,
  searchQuery,
} from '../schemas/requests.js';
import { defined, either, parse } from '../validate.js';
import { bodies, imageForm, json, searchJson } from './answers.js';

/** What is searched for; exactly one way must be named. */
function queryOf(body: Body, named: z.output<typeof searchBody>, most: number): Query {
  const image = imageOf(body, named, most);
  const { id, vector, positives, negatives } = named;
  const examples =
    positives === undefined && negatives === undefined
      ? null
      : { positives: positives ?? [], negatives: negatives ?? [] };
  const ways: Query[] = [
    ...(image === null ? [] : [{ image }]),
    ...(id === undefined ? [] : [{ id }]),
    ...(vector === undefined ? [] : [{ vector }]),
    ...(examples === null ? [] : [examples]),
  ];
  const [way, other] = ways;
  if (way === undefined)
    throw new PawdexError('image_missing', {
      detail: 'The request does not say what to search for.',
      hint: 'Send an image, or `id`, `vector`, or `positives` with `negatives` in JSON.',
    });
  if (other !== undefined)
    throw new PawdexError('invalid_request', {
      detail:
        'The request says in more than one way what to search for; send one of image, id, vector, positives.',
    });
  return way;
}

export function searchRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  return [
    {
      method: 'post',
      path: '/v1/search',
      tag: 'ask',
      urgency: 'urgent',
      summary: 'Nearest neighbours of an image, an item, a vector or examples',
      description:
        'Name one of: an image, `id`, `vector`, `positives`/`negatives` (mean of the positives minus mean of the ' +
        'negatives). Items named in the query are not among the answers.',
      request: { query: searchQuery, ...bodies(searchBody, imageForm(searchForm)) },
      responses: { 200: json('The neighbours.', searchAnswer) },
      errors: [
        'image_missing',
        'image_unexpected',
        'vector_invalid',
        'collection_not_found',
        'item_not_found',
        'model_mismatch',
        'explain_unavailable',
      ],
      async handle(req, res) {
        const query = parse(searchQuery, req.query, 'query');
        const body = await reader.read(req, res, { imagePaths: ['imageBase64'] });
        const named = parse(searchBody, body.fields, 'body');
        const wanted = queryOf(body, named, reader.limits.fileBytes);
        const collection = either('collection', query.collection, named.collection) ?? DEFAULT_COLLECTION;
        const answer = await engine.search(collection, wanted, {
          k: either('k', query.k, named.k) ?? DEFAULT_SEARCH_K,
          ...(named.filter === undefined ? {} : { filter: defined(named.filter) }),
          ...defined({
            exact: either('exact', query.exact, named.exact),
            views: either('views', query.views, named.views),
            explain: either('explain', query.explain, named.explain),
          }),
        });
        res.json(searchJson(answer));
      },
    },
  ];
}
