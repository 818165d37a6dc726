/** GET /v1/collections/{collection}/duplicates: pairs of items that are nearly one picture. */
import type { Engine } from '../../engine/engine.js';
import type { Endpoint } from '../endpoint.js';
import { duplicatePage } from '../schemas/answers.js';
import { collectionPath } from '../schemas/common.js';
import { DEFAULT_DUPLICATES_LIMIT, DEFAULT_THRESHOLD, duplicatesQuery } from '../schemas/requests.js';
import { parse } from '../validate.js';
import { duplicatesJson, json } from './answers.js';

export function duplicatesRoute(engine: Engine): Endpoint {
  return {
    method: 'get',
    path: '/v1/collections/{collection}/duplicates',
    tag: 'collections',
    summary: 'Pairs of items that are nearly one picture',
    description:
      'Looks at the next `limit` items in order of insertion and names those of their twenty nearest neighbours, ' +
      'wherever they are, that are at least as similar as `threshold`. A page may therefore be empty while `next` ' +
      'says there is more. Over all pages each pair comes once; of more than twenty copies of one picture not every ' +
      'pair is named.',
    request: { params: collectionPath, query: duplicatesQuery },
    responses: { 200: json('The pairs of this page, the most similar first.', duplicatePage) },
    errors: ['collection_not_found', 'model_mismatch'],
    async handle(req, res) {
      const { collection } = parse(collectionPath, req.params, 'path');
      const { threshold, limit, cursor } = parse(duplicatesQuery, req.query, 'query');
      const page = await engine.duplicates(collection, {
        threshold: threshold ?? DEFAULT_THRESHOLD,
        limit: limit ?? DEFAULT_DUPLICATES_LIMIT,
        ...(cursor === undefined ? {} : { cursor }),
      });
      res.json(duplicatesJson(page));
    },
  };
}
