/**
 * Loads ahead: prepares what a training step needs while the one before is computed. `loadAhead` is enough where loading is
 * one native call. A batch of views takes two, opening and rendering, of which the second starts only after the first.
 */
import { type Batch, BatchMaker, type BatchOptions } from './batch-maker.js';
import type { PlannedBatch } from './sampler.js';

export interface LoadOptions extends BatchOptions {
  signal?: AbortSignal;
}

/** A batch that is being rendered. */
interface PendingBatch {
  /** Settles when all its native work has started, or when it has failed. */
  started: Promise<unknown>;
  ready: Promise<Batch>;
}

/**
 * Yields batches in the order planned. When one is yielded, all native work of the next has started and no longer needs the
 * caller's thread, so a training step may block that thread. The photos of the batch after it are being opened. Two batches
 * and the files of a third are in memory.
 *
 * A view depends on seed, epoch, photo and turn, never on timing: a run that is resumed gets the same bytes.
 *
 * @param plan from `planRun`
 * @throws PawdexError set_invalid when no photo of a label can be used; the signal's reason
 * @example for await (const { pixels, labels } of loadBatches(planRun(batchesOf, epochs), options)) step(...)
 */
export async function* loadBatches(
  plan: Iterable<PlannedBatch>,
  options: LoadOptions,
): AsyncGenerator<Batch, void> {
  const maker = new BatchMaker(options);
  const batches = plan[Symbol.iterator]();
  const openNext = () => {
    const { value } = batches.next();
    return value ? ignoreUntilAwaited(maker.open(value)) : undefined;
  };
  let requestedAt = performance.now();
  let current = startRendering(openNext());
  let opening = openNext();
  let next: PendingBatch | undefined;
  try {
    while (current !== undefined) {
      next = startRendering(opening);
      opening = openNext();
      const batch = await current.ready;
      await next?.started;
      options.signal?.throwIfAborted();
      yield { ...batch, waitedMs: performance.now() - requestedAt };
      requestedAt = performance.now();
      current = next;
    }
  } finally {
    // Native work cannot be cancelled, so wait for it, to leave nothing running.
    await Promise.allSettled([current?.ready, next?.ready, opening]);
  }
}

function startRendering(opening: Promise<() => Promise<Batch>> | undefined): PendingBatch | undefined {
  if (opening === undefined) {
    return undefined;
  }
  let markStarted = () => {};
  const started = new Promise<void>((resolve) => {
    markStarted = resolve;
  });
  const render = async () => {
    try {
      const rendering = (await opening)();
      markStarted();
      return await rendering;
    } finally {
      markStarted();
    }
  };
  return { started, ready: ignoreUntilAwaited(render()) };
}

/** A failure is thrown in order. Until then it must not count as an unhandled rejection. */
function ignoreUntilAwaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * Loads values in order, each while the caller works on the one before.
 *
 * @param load starts native work, which goes on while the caller blocks its thread
 * @throws what `load` throws, in the order of the items
 */
export async function* loadAhead<Item, Value>(
  items: Iterable<Item>,
  load: (item: Item) => Promise<Value>,
): AsyncGenerator<[Item, Value], void> {
  let ahead: [Item, Promise<Value>] | undefined;
  for (const item of items) {
    const value = ignoreUntilAwaited(load(item));
    if (ahead !== undefined) {
      yield [ahead[0], await ahead[1]];
    }
    ahead = [item, value];
  }
  if (ahead !== undefined) {
    yield [ahead[0], await ahead[1]];
  }
}
