/** /v1/snapshots: write a snapshot of all collections, and list the existing ones. */
import { z } from 'zod';
import { storedSnapshotSchema } from '../../store/records.js';
import { defineEndpoint } from '../define-endpoint.js';
import { created, json } from '../response-spec.js';

const tag = 'snapshots';

export const createSnapshot = defineEndpoint({
  method: 'post',
  path: '/v1/snapshots',
  tag,
  summary: 'Write a snapshot of all collections',
  description:
    'Responds when it is on disk, in `snapshots` of the data directory. A large store takes minutes; the server ' +
    'keeps responding. Only the newest `PAWDEX_KEEP_SNAPSHOTS` are kept.',
  response: created(storedSnapshotSchema, 'The snapshot.', () => 'v1/snapshots'),
  errors: ['storage_full', 'storage_failed'],
  handle: (_input, { engine }) => engine.store.createSnapshot(),
});

export const listSnapshots = defineEndpoint({
  method: 'get',
  path: '/v1/snapshots',
  tag,
  summary: 'List the existing snapshots',
  response: json(z.object({ snapshots: z.array(storedSnapshotSchema) }), 'The snapshots, newest first.'),
  handle: async (_input, { engine }) => ({ snapshots: await engine.store.listSnapshots() }),
});
