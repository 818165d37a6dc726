/** /v1/shares: answers that others can open by a link. */
import { z } from 'zod';
import { identificationSchema } from '../../engine/answers.js';
import { identifyOptions } from '../../engine/requests.js';
import { createTooLargeError, PawdexError } from '../../errors.js';
import { sniff } from '../../image/sniff.js';
import { imageBody } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { created, json } from '../response-spec.js';
import { shareSchema } from '../shares.js';

const tag = 'queries';
/** A JPEG of 640 pixels takes about 100 kB. */
const MAX_BYTES = 256 * 1024;

export const createShare = defineEndpoint({
  method: 'post',
  path: '/v1/shares',
  isReading: true,
  tag,
  summary: 'Share an answer by a link',
  description:
    'Stores a small JPEG of the photo, at most 256 KiB, and the answer for `PAWDEX_SHARE_HOURS`. The page shows it at ' +
    '`/?shared=ID` to anyone who may use this server and has the link.',
  body: imageBody({
    options: { collection: identifyOptions.collection },
    fields: { answer: identificationSchema },
  }),
  response: created(shareSchema, 'The share.', ({ id }) => `v1/shares/${id}`),
  errors: ['sharing_disabled'],
  handle({ body: { image, collection, answer } }, { shares }) {
    if (sniff(image) !== 'jpeg') {
      throw new PawdexError('image_unsupported', { detail: 'The photo of a share must be a JPEG.' });
    }
    if (image.length > MAX_BYTES) {
      throw createTooLargeError('The photo', MAX_BYTES, 'Send a smaller version of the photo.');
    }
    const photoBase64 = Buffer.from(image).toString('base64');
    return shares.create({ collection, photoBase64, answer });
  },
});

export const getShare = defineEndpoint({
  method: 'get',
  path: '/v1/shares/{share}',
  tag,
  summary: 'Get a shared answer',
  params: { share: z.string().max(100) },
  response: json(shareSchema, 'The share.'),
  errors: ['share_not_found'],
  handle({ params, res }, { shares }) {
    res.set('Cache-Control', 'no-store');
    return shares.read(params.share);
  },
});
