/** /v1/snapshots: write a snapshot of all collections, and list those that are kept. */
import { defineEndpoint } from '../define-endpoint.js';
import { created, json } from '../response-spec.js';
import { snapshot, snapshotList } from '../schemas/service-answers.js';

const tag = 'snapshots';

export const createSnapshot = defineEndpoint({
  method: 'post',
  path: '/v1/snapshots',
  tag,
  summary: 'Write a snapshot of all collections',
  description:
    'Answers when it is on the disk, in `snapshots` of the data directory; a large store takes minutes. Everything else ' +
    'goes on meanwhile. The oldest are removed when there are more than `PAWDEX_KEEP_SNAPSHOTS`.',
  response: created(snapshot, 'The snapshot.', () => 'v1/snapshots'),
  errors: ['storage_full', 'storage_failed'],
  handle: (_input, { engine }) => engine.store.createSnapshot(),
});

export const listSnapshots = defineEndpoint({
  method: 'get',
  path: '/v1/snapshots',
  tag,
  summary: 'List the snapshots that are kept',
  response: json(snapshotList, 'The snapshots, the newest first.'),
  errors: [],
  handle: async (_input, { engine }) => ({ snapshots: await engine.store.listSnapshots() }),
});
