/** GET /v1/collections/{collection}/map: the items of a collection on a plane. */
import type { CollectionMap } from '../../engine/engine.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json } from '../response-spec.js';
import { collectionMap } from '../schemas/answers.js';
import { collectionName } from '../schemas/fields.js';

/** Four digits: a tenth of a pixel on a large screen. */
const roundPlace = (value: number) => Math.round(value * 1e4) / 1e4;

/** Labels, most points first. */
function rankLabels(points: CollectionMap['points']): (string | null)[] {
  const counts = new Map<string | null, number>();
  for (const { label } of points) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([label]) => label);
}

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
  response: json(collectionMap, 'The map.'),
  errors: ['collection_not_found', 'model_mismatch', 'worker_failed'],
  async handle({ params: { collection } }, { engine }) {
    const { version, total, points } = await engine.drawMap(collection);
    const labels = rankLabels(points);
    const positions = new Map(labels.map((label, i) => [label, i]));
    return {
      version,
      total,
      labels,
      ids: points.map(({ id }) => id),
      label: points.map(({ label }) => positions.get(label)!),
      hasThumbnail: points.map(({ hasThumbnail }) => hasThumbnail),
      x: points.map(({ x }) => roundPlace(x)),
      y: points.map(({ y }) => roundPlace(y)),
    };
  },
});
