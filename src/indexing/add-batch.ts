/** One batch to the engine, with patience while it is busy with people who wait for an answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddResult, Engine, ItemInput } from '../engine/engine.js';
import { PawdexError } from '../errors.js';

/** How long an engine may go on saying that it is overloaded before the job gives up, in milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * `engine.addItems`, tried again while the engine is overloaded: bulk work can wait.
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
      if (!(error instanceof PawdexError)) {
        throw error;
      }
      const waitMs = (error.retryAfter ?? 1) * 1000;
      if (error.code !== 'overloaded' || signal?.aborted || Date.now() + waitMs > giveUpAt) {
        throw error;
      }
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}
