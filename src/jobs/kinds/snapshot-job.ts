/** Writes a snapshot. An interrupted one leaves nothing behind and starts over. */
import type { KindWork } from '../job-context.js';

export const snapshotJob: KindWork<'snapshot'> = async ({ engine }, _request, { signal, onProgress }) => {
  signal.throwIfAborted();
  onProgress({ phase: 'writing', done: 0, total: 1 });
  const snapshot = await engine.store.createSnapshot();
  onProgress({ phase: 'writing', done: 1, total: 1 });
  return snapshot;
};
