/** Batches of views, made while the training step before them is computed. */
import { type Batch, BatchMaker, type BatchOptions, type OpenBatch } from './batch-maker.js';
import type { PlannedBatch } from './plan-run.js';

/** Settings of {@link loadBatches}. */
export interface LoadOptions extends BatchOptions {
  signal?: AbortSignal;
}

/** A batch that is handed over. */
export interface LoadedBatch extends Batch {
  /** Milliseconds for which it was waited for. */
  waitedMs: number;
}

/** A batch in the making. */
interface Coming {
  /** Its photos are open and all its views are with the native threads; or it has failed. */
  begun: Promise<unknown>;
  ready: Promise<Batch>;
}

/** Failures are met when the batch's turn has come; until then they must not count as unhandled. */
function ignoreUntilAwaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * Yields batches in the order planned. When one is handed over, all native work of the next has begun and needs the
 * caller's thread no more: a training step may block that thread. The photos of the one after are being opened.
 * So two batches are in memory, and the files of a third.
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
): AsyncGenerator<LoadedBatch, void> {
  const { signal } = options;
  const maker = new BatchMaker(options);
  const batches = plan[Symbol.iterator]();
  const open = () => {
    const { value } = batches.next();
    return value ? ignoreUntilAwaited(maker.open(value)) : undefined;
  };
  const begin = (opened: Promise<OpenBatch> | undefined): Coming | undefined => {
    if (opened === undefined) return undefined;
    let started = () => {};
    const begun = new Promise<void>((resolve) => {
      started = resolve;
    });
    const render = async () => {
      try {
        const rendering = maker.render(await opened);
        started();
        return await rendering;
      } finally {
        started();
      }
    };
    return { begun, ready: ignoreUntilAwaited(render()) };
  };

  let asked = performance.now();
  let current = begin(open());
  let opening = open();
  let next: Coming | undefined;
  try {
    while (current !== undefined) {
      next = begin(opening);
      opening = open();
      const batch = await current.ready;
      await next?.begun;
      signal?.throwIfAborted();
      yield { ...batch, waitedMs: performance.now() - asked };
      asked = performance.now();
      current = next;
    }
  } finally {
    // Native work cannot be called back; nothing of it is left running when this ends.
    await Promise.allSettled([current?.ready, next?.ready, opening]);
  }
}
