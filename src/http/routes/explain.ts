/** POST /v1/explain: the photo with a map of where its similarity to an item comes from. */
import { z } from 'zod';
import type { Engine } from '../../engine/engine.js';
import { PawdexError } from '../../errors.js';
import { requireImage } from '../body/images.js';
import type { BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { DEFAULT_COLLECTION, explainBody, explainQuery } from '../schemas/requests.js';
import { defined, either, parse } from '../validate.js';
import { binary, bodies, imageForm } from './answers.js';

/** The item to compare with. @throws PawdexError invalid_request when none is named */
function required(neighbour: string | undefined): string {
  if (neighbour !== undefined) return neighbour;
  throw new PawdexError('invalid_request', {
    detail: 'query.neighbour: must name an item of the collection.',
    hint: 'Ask /v1/identify or /v1/search first: every neighbour in their answers has an `id`.',
    errors: [{ path: 'query.neighbour', message: 'must name an item of the collection' }],
  });
}

export function explainRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  return [
    {
      method: 'post',
      path: '/v1/explain',
      tag: 'ask',
      urgency: 'urgent',
      summary: 'A heat map of where the similarity to an item comes from',
      description:
        'A PNG of the photo, upright, at most 1024 pixels on the longer side: dark where a part brings little ' +
        'similarity, through red to yellow where it brings most, blue where it takes some away. The encoder looks at ' +
        'the centre square; the rest is grey. The numbers are in the answers of identify and search with ' +
        '`explain=true`.',
      request: { query: explainQuery, ...bodies(explainBody, imageForm(z.strictObject({}))) },
      responses: { 200: { description: 'The picture.', content: { 'image/png': binary } } },
      errors: [
        'image_missing',
        'image_unexpected',
        'collection_not_found',
        'item_not_found',
        'model_mismatch',
        'explain_unavailable',
      ],
      async handle(req, res) {
        const query = parse(explainQuery, req.query, 'query');
        const body = await reader.read(req, res, { imagePaths: ['imageBase64'] });
        const named = parse(explainBody, body.fields, 'body');
        const image = requireImage(body, named, reader.limits.fileBytes);
        const picture = await engine.heatMap(image, {
          collection: either('collection', query.collection, named.collection) ?? DEFAULT_COLLECTION,
          neighbour: required(either('neighbour', query.neighbour, named.neighbour)),
          ...defined({ views: either('views', query.views, named.views) }),
        });
        res.type('png').send(Buffer.from(picture));
      },
    },
  ];
}
