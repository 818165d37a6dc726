/** POST /v1/embed: the vector of a photo. */
import { embeddingSchema } from '../../engine/answers.js';
import { imageBody } from '../body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json } from '../response-spec.js';
import { roundAnswer } from '../rounding.js';
import { regionOption, viewsOption } from '../schemas/fields.js';

export const embed = defineEndpoint({
  method: 'post',
  path: '/v1/embed',
  tag: 'ask',
  urgency: 'urgent',
  summary: 'Get the embedding of a photo',
  body: imageBody({ options: { views: viewsOption, region: regionOption } }),
  response: json(embeddingSchema, 'The embedding.'),
  errors: ['image_missing', 'image_unexpected', 'region_invalid'],
  async handle({ body: { image, ...options } }, { engine }) {
    const { embedding, model, timing } = await engine.embed(image, options);
    return {
      // Nine digits give back the same float32.
      embedding: Array.from(embedding, (value) => Number(value.toPrecision(9))),
      dimension: embedding.length,
      model,
      timing: roundAnswer(timing),
    };
  },
});
