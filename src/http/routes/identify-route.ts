/** POST /v1/identify: the breed on a photo, with its nearest neighbours. */
import { identificationSchema } from '../../engine/answers.js';
import { imageBody } from '../body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json } from '../response-spec.js';
import { roundAnswer } from '../rounding.js';
import {
  animalsOption,
  collectionOption,
  explainOption,
  regionOption,
  viewsOption,
  wholeNumber,
} from '../schemas/fields.js';

export const identify = defineEndpoint({
  method: 'post',
  path: '/v1/identify',
  tag: 'ask',
  urgency: 'urgent',
  summary: 'Identify the breed on a photo, with its nearest neighbours',
  body: imageBody({
    options: {
      collection: collectionOption,
      views: viewsOption,
      explain: explainOption,
      animals: animalsOption,
      region: regionOption,
      k: wholeNumber(1, 1000).optional().meta({
        description: 'Number of neighbours to list. Default: all that vote. Does not change how many vote.',
      }),
    },
  }),
  response: json(identificationSchema, 'The answer.'),
  errors: [
    'image_missing',
    'image_unexpected',
    'region_invalid',
    'collection_not_found',
    'model_mismatch',
    'explain_unavailable',
  ],
  async handle({ body: { image, ...options } }, { engine }) {
    return roundAnswer(await engine.identify(image, options));
  },
});
