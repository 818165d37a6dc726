/** POST /v1/embed: the vector of a photo. */
import { z } from 'zod';
import type { Engine } from '../../engine/engine.js';
import { requireImage } from '../body/images.js';
import type { BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { embedAnswer } from '../schemas/answers.js';
import { embedBody, embedQuery } from '../schemas/requests.js';
import { defined, either, parse } from '../validate.js';
import { bodies, embeddingJson, imageForm, json } from './answers.js';

export function embedRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  return [
    {
      method: 'post',
      path: '/v1/embed',
      tag: 'ask',
      urgency: 'urgent',
      summary: 'The embedding of a photo',
      request: { query: embedQuery, ...bodies(embedBody, imageForm(z.strictObject({}))) },
      responses: { 200: json('The embedding.', embedAnswer) },
      errors: ['image_missing', 'image_unexpected'],
      async handle(req, res) {
        const query = parse(embedQuery, req.query, 'query');
        const body = await reader.read(req, res, { imagePaths: ['imageBase64'] });
        const named = parse(embedBody, body.fields, 'body');
        const image = requireImage(body, named, reader.limits.fileBytes);
        const views = either('views', query.views, named.views);
        res.json(embeddingJson(await engine.embed(image, defined({ views }))));
      },
    },
  ];
}
