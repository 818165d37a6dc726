/** One batch to the engine, with patience for a busy server and for one that takes less at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddResult, Engine, ItemInput } from '../engine/engine.js';
import { PawdexError } from '../errors.js';

/** How long a server may go on saying that it is overloaded before the job gives up, in milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * `engine.addItems`, tried again while the server is overloaded, and in halves when it finds the batch too large.
 *
 * @param signal ends the waiting
 * @returns one result per input, in order
 * @throws PawdexError what concerns the whole batch
 */
export async function addBatch(
  engine: Engine,
  collection: string,
  inputs: ItemInput[],
  signal?: AbortSignal,
): Promise<AddResult[]> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await engine.addItems(collection, inputs);
    } catch (error) {
      if (!(error instanceof PawdexError)) throw error;
      if (error.code === 'payload_too_large') return split(engine, collection, inputs, error, signal);
      const waitMs = (error.retryAfter ?? 1) * 1000;
      if (error.code !== 'overloaded' || signal?.aborted || Date.now() + waitMs > giveUpAt) throw error;
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw error;
      });
    }
  }
}

async function split(
  engine: Engine,
  collection: string,
  inputs: ItemInput[],
  error: PawdexError,
  signal?: AbortSignal,
): Promise<AddResult[]> {
  if (inputs.length === 1)
    return [{ status: 'failed', error: { code: error.code, detail: error.message, hint: error.hint } }];
  const middle = Math.ceil(inputs.length / 2);
  return [
    ...(await addBatch(engine, collection, inputs.slice(0, middle), signal)),
    ...(await addBatch(engine, collection, inputs.slice(middle), signal)),
  ];
}
