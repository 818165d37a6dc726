/**
 * Lets long work on a collection wait until its graph is built, because exact searches would be slow and delay the graph.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/store.js';
import type { WorkOptions } from './collection-queries.js';

/** Interval between two checks, each of which delays the building by a quarter of a second. */
const LOOK_MS = 1_000;
/** If the graph makes no progress for this long, the work continues with exact searches. */
const STALL_MS = 30_000;

/**
 * Resolves when searches of a collection run at full speed, or never will.
 *
 * @param limits lookMs: interval between checks; maxMs: longest time to wait
 * @throws PawdexError collection_not_found; the signal's reason
 */
export async function waitForIndex(
  store: Store,
  name: string,
  { signal, onProgress }: WorkOptions,
  { lookMs = LOOK_MS, maxMs = Number.POSITIVE_INFINITY } = {},
): Promise<void> {
  const giveUpAt = performance.now() + maxMs;
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
