/** Long work on a collection waits until its graph is built: exact searches meanwhile are slow, and hold the building up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/store.js';
import type { WorkOptions } from './collection-queries.js';

/** Between two looks; each of them makes the building give way for a quarter of a second. */
const LOOK_MS = 1_000;
/** Without progress of the graph for so long, the work goes on with exact searches. */
const STALL_MS = 30_000;

/**
 * Resolves when searches of a collection are answered at full speed, or will not be.
 *
 * @param limits lookMs: time between two looks; mostMs: how long to wait at most
 * @throws PawdexError collection_not_found; the signal's reason when it was raised
 */
export async function waitForIndex(
  store: Store,
  name: string,
  { signal, onProgress }: WorkOptions,
  { lookMs = LOOK_MS, mostMs = Number.POSITIVE_INFINITY } = {},
): Promise<void> {
  const giveUpAt = performance.now() + mostMs;
  let most = -1;
  let movedAt = performance.now();
  for (;;) {
    const { index, count } = await store.getCollection(name);
    if (index.kind !== 'building' || performance.now() > giveUpAt) {
      return;
    }
    if (index.indexed > most) {
      most = index.indexed;
      movedAt = performance.now();
    } else if (performance.now() - movedAt > STALL_MS) {
      return;
    }
    onProgress?.({ phase: 'waiting', done: Math.min(index.indexed, count), total: count });
    await sleep(lookMs, undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  }
}
