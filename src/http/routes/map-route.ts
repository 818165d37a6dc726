/** GET /v1/collections/{collection}/map: the items of a collection on a plane. */
import { collectionMapSchema } from '../../engine/answers.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json } from '../response-spec.js';
import { roundAnswer } from '../rounding.js';
import { collectionName } from '../schemas/fields.js';

export const getMap = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/map',
  tag: 'collections',
  summary: 'Get the items of a collection as points on a plane, with similar ones close together',
  description:
    'UMAP of the embeddings. Close points are similar, but large distances mean little. Above 10,000 items, a sample of ' +
    'that size. The first answer takes up to a minute for 10,000 items, and is cached until the items change. ' +
    'The answer has one array per property of the points.',
  params: { collection: collectionName },
  response: json(collectionMapSchema, 'The map.'),
  errors: ['collection_not_found', 'model_mismatch', 'worker_failed', 'overloaded'],
  async handle({ params: { collection } }, { engine, queues }) {
    const map = await engine.drawMap(collection);
    return queues.pages.run(async () => roundAnswer(map));
  },
});
