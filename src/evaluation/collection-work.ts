/** What all long work on live collections shares: its progress, its options, and when it waits for the graph. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/store.js';

/** The phases of such work. */
export const WORK_PHASES = [
  'waiting',
  'reading',
  'asking',
  'non-pets',
  'computing',
  'embedding',
  'importing',
  'writing',
] as const;

export interface WorkProgress {
  /** The current phase; `done` and `total` count within it. */
  phase: (typeof WORK_PHASES)[number];
  done: number;
  total: number;
}

export interface WorkOptions {
  /** Stops the work between two searches: it throws the signal's reason and changes nothing. */
  signal?: AbortSignal;
  /** Called as the work progresses. */
  onProgress?: (progress: WorkProgress) => void;
}

/** Interval between two checks. Each delays the building by a quarter of a second. */
const POLL_MS = 1_000;
/** If the graph makes no progress for this long, the work continues with exact searches. */
const STALL_MS = 30_000;

/**
 * Waits until the graph of a collection is built, because exact searches would be slow and delay the graph. Resolves also
 * if the graph makes no progress.
 *
 * @param options maxMs: maximum time to wait, in milliseconds
 * @throws PawdexError collection_not_found; the signal's reason
 */
export async function waitForIndex(
  store: Store,
  name: string,
  { signal, onProgress, maxMs = Number.POSITIVE_INFINITY }: WorkOptions & { maxMs?: number },
): Promise<void> {
  const giveUpAt = performance.now() + maxMs;
  let indexedBefore = -1;
  let progressedAt = performance.now();
  for (;;) {
    const { index, count } = await store.getCollection(name);
    if (index.kind !== 'building' || performance.now() > giveUpAt) {
      return;
    }
    if (index.indexed > indexedBefore) {
      indexedBefore = index.indexed;
      progressedAt = performance.now();
    } else if (performance.now() - progressedAt > STALL_MS) {
      return;
    }
    onProgress?.({ phase: 'waiting', done: Math.min(index.indexed, count), total: count });
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  }
}
