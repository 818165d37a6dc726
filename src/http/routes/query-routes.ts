/** Queries about a photo: its breed, its embedding, and why it resembles an item; and fetching it by its URL. */
import { z } from 'zod';
import { embeddingSchema, identificationSchema } from '../../engine/answers.js';
import { choice, itemId } from '../../engine/request-fields.js';
import { identifyOptions, lookOptions } from '../../engine/requests.js';
import { PawdexError } from '../../errors.js';
import { sniff } from '../../image/sniff.js';
import { imageBody } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { file, json } from '../response-spec.js';
import { roundNumbers } from '../round-numbers.js';

const tag = 'queries';

export const identify = defineEndpoint({
  method: 'post',
  path: '/v1/identify',
  isReading: true,
  tag,
  urgency: 'urgent',
  summary: 'Identify the breed on a photo, with its nearest neighbours',
  body: imageBody({ options: identifyOptions }),
  response: json(identificationSchema, 'The breed and the neighbours.'),
  errors: ['region_invalid', 'collection_not_found', 'model_mismatch', 'explain_unavailable'],
  async handle({ body: { image, ...options } }, { engine }) {
    return roundNumbers(await engine.identify(image, options));
  },
});

export const embed = defineEndpoint({
  method: 'post',
  path: '/v1/embed',
  isReading: true,
  tag,
  urgency: 'urgent',
  summary: 'Get the embedding of a photo',
  body: imageBody({ options: lookOptions }),
  response: json(embeddingSchema, 'The embedding.'),
  errors: ['region_invalid'],
  async handle({ body: { image, ...options } }, { engine }) {
    const { embedding, model, timing } = await engine.embed(image, options);
    return {
      // Nine digits give back the same float32.
      embedding: Array.from(embedding, (value) => Number(value.toPrecision(9))),
      dimension: embedding.length,
      model,
      timing: roundNumbers(timing),
    };
  },
});

/** @throws PawdexError invalid_request if it is missing */
function requireNeighbour(neighbour: string | undefined): string {
  if (neighbour !== undefined) {
    return neighbour;
  }
  throw new PawdexError('invalid_request', {
    detail: 'query.neighbour: must be the id of an item of the collection.',
    hint: 'Call /v1/identify or /v1/search first: every neighbour in their responses has an `id`.',
    errors: [{ path: 'query.neighbour', message: 'must be the id of an item of the collection' }],
  });
}

export const explain = defineEndpoint({
  method: 'post',
  path: '/v1/explain',
  isReading: true,
  tag,
  urgency: 'urgent',
  summary: 'Draw a heat map of where the similarity to an item comes from',
  description:
    'A PNG of the upright photo, at most 1024 pixels on the longer side. Dark parts add little similarity, red to ' +
    'yellow parts the most, and blue parts reduce it. The encoder sees the centre square; the rest is grey. ' +
    'Identify and search return the numbers with ' +
    '`explain=true`.',
  body: imageBody({
    options: {
      collection: identifyOptions.collection,
      neighbour: itemId.optional().meta({
        description: 'The id of any item of the collection to compare with. Required here or in the body.',
      }),
      views: choice(['1', 'flip'])
        .default('1')
        .meta({ description: 'The photo alone, or averaged with its mirror image.' }),
      region: lookOptions.region,
    },
  }),
  response: file(['image/png'], 'The heat map.'),
  errors: [
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

/** For the page, whose content security policy does not allow other origins. */
export const fetchImage = defineEndpoint({
  method: 'post',
  path: '/v1/fetch',
  isReading: true,
  tag,
  summary: 'Get an image from its public URL',
  description: 'Needs `PAWDEX_FETCH_URLS`. Only images are returned.',
  query: {
    url: z.string().min(1).max(2000).meta({
      description: 'Public URL of the image.',
      example: 'https://example.org/cat.jpg',
    }),
  },
  response: file(['image/*'], 'The unchanged image.'),
  errors: ['url_input_disabled', 'url_not_allowed', 'url_unreachable', 'payload_too_large'],
  async handle({ query: { url } }, { reader }) {
    const bytes = Buffer.from(await reader.fetch(url));
    return { type: `image/${sniff(bytes)}`, bytes };
  },
});
