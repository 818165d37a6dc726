/** POST /v1/identify: which breed is this, and which photos say so. */
import { z } from 'zod';
import type { Engine } from '../../engine/engine.js';
import { requireImage } from '../body/images.js';
import type { BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { identification } from '../schemas/answers.js';
import { DEFAULT_COLLECTION, identifyBody, identifyQuery } from '../schemas/requests.js';
import { defined, either, parse } from '../validate.js';
import { bodies, identificationJson, imageForm, json } from './answers.js';

export function identifyRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  return [
    {
      method: 'post',
      path: '/v1/identify',
      tag: 'ask',
      urgency: 'urgent',
      summary: 'Breed and nearest neighbours of a photo',
      request: { query: identifyQuery, ...bodies(identifyBody, imageForm(z.strictObject({}))) },
      responses: { 200: json('The answer.', identification) },
      errors: [
        'image_missing',
        'image_unexpected',
        'collection_not_found',
        'model_mismatch',
        'explain_unavailable',
      ],
      async handle(req, res) {
        const query = parse(identifyQuery, req.query, 'query');
        const body = await reader.read(req, res, { imagePaths: ['imageBase64'] });
        const named = parse(identifyBody, body.fields, 'body');
        const image = requireImage(body, named, reader.limits.fileBytes);
        const answer = await engine.identify(image, {
          collection: either('collection', query.collection, named.collection) ?? DEFAULT_COLLECTION,
          ...defined({
            k: either('k', query.k, named.k),
            views: either('views', query.views, named.views),
            explain: either('explain', query.explain, named.explain),
          }),
        });
        res.json(identificationJson(answer));
      },
    },
  ];
}
