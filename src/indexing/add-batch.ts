/** Sends one batch to the engine, and waits while it is busy with interactive requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddResult, Engine, ItemInput } from '../engine/engine.js';
import { PawdexError } from '../errors.js';

/** How long to retry while the engine is overloaded, in milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * Calls `engine.addItems`, and retries while the engine is overloaded, because bulk work can wait.
 *
 * @param signal ends the waiting
 * @returns one result per input, in order
 * @throws PawdexError for errors of the whole batch
 */
export async function addBatch(
  engine: Engine,
  collection: string,
  inputs: ItemInput[],
  signal?: AbortSignal,
): Promise<AddResult[]> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await engine.addItems(collection, inputs);
    } catch (error) {
      if (!(error instanceof PawdexError)) {
        throw error;
      }
      const waitMs = (error.retryAfter ?? 1) * 1000;
      if (error.code !== 'overloaded' || signal?.aborted || performance.now() + waitMs > giveUpAt) {
        throw error;
      }
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}
