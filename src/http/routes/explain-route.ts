/** POST /v1/explain: the photo with a heat map of where its similarity to an item comes from. */
import { PawdexError } from '../../errors.js';
import { imageBody } from '../body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { file } from '../response-spec.js';
import { choice, collectionOption, itemId, regionOption } from '../schemas/fields.js';

/** @throws PawdexError invalid_request if no item is named */
function requireNeighbour(neighbour: string | undefined): string {
  if (neighbour !== undefined) {
    return neighbour;
  }
  throw new PawdexError('invalid_request', {
    detail: 'query.neighbour: must name an item of the collection.',
    hint: 'Call /v1/identify or /v1/search first: every neighbour in their answers has an `id`.',
    errors: [{ path: 'query.neighbour', message: 'must name an item of the collection' }],
  });
}

export const explain = defineEndpoint({
  method: 'post',
  path: '/v1/explain',
  tag: 'ask',
  urgency: 'urgent',
  summary: 'Draw a heat map of where the similarity to an item comes from',
  description:
    'A PNG of the upright photo, at most 1024 pixels on the longer side. Dark parts add little similarity, red to ' +
    'yellow parts the most, and blue parts reduce it. The encoder sees the centre square; the rest is grey. ' +
    'Identify and search return the numbers with ' +
    '`explain=true`.',
  body: imageBody({
    options: {
      collection: collectionOption,
      neighbour: itemId.optional().meta({
        description: 'The id of any item of the collection to compare with. Required here or in the body.',
      }),
      views: choice(['1', 'flip'])
        .default('1')
        .meta({ description: 'The photo alone, or averaged with its mirror image.' }),
      region: regionOption,
    },
  }),
  response: file(['image/png'], 'The picture.'),
  errors: [
    'image_missing',
    'image_unexpected',
    'region_invalid',
    'collection_not_found',
    'item_not_found',
    'model_mismatch',
    'explain_unavailable',
  ],
  async handle({ body: { image, neighbour, ...options } }, { engine }) {
    const bytes = await engine.drawHeatMap(image, { ...options, neighbour: requireNeighbour(neighbour) });
    return { type: 'image/png', bytes };
  },
});
