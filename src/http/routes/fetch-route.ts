/** POST /v1/fetch: fetches a picture from the web for the page, whose policy does not allow other origins. */
import { z } from 'zod';
import { sniff } from '../../image/sniff.js';
import { defineEndpoint } from '../define-endpoint.js';
import { file } from '../response-spec.js';

export const fetchPicture = defineEndpoint({
  method: 'post',
  path: '/v1/fetch',
  tag: 'ask',
  summary: 'Get an image from its public address',
  description: 'Needs `PAWDEX_FETCH_URLS`. Only images are returned.',
  query: {
    url: z.string().min(1).max(2000).meta({
      description: 'Public address of the image.',
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
