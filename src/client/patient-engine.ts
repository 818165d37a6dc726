/** The engine of a server for unattended work, which survives a restart of the server. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/engine.js';
import { asPawdexError, type PawdexError } from '../errors.js';

/** Errors of a server that is being restarted. */
const PASSING = new Set(['server_unreachable', 'shutting_down', 'starting', 'worker_failed']);

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** How long to try, and what to do meanwhile. */
export interface Patience {
  /** Milliseconds since the first failure; Infinity for no limit. */
  patienceMs: number;
  signal?: AbortSignal | undefined;
  /** Called before each wait. */
  onWait?: (error: PawdexError, waitMs: number) => void;
}

/**
 * Retries work that fails while a server is restarted, with growing pauses. The work must be safe to repeat.
 *
 * @throws the error of the work, once the time is over or the signal is aborted
 */
export async function keepTrying<T>(
  work: () => Promise<T>,
  { patienceMs, signal, onWait }: Patience,
): Promise<T> {
  let waitMs = FIRST_WAIT_MS;
  let giveUpAt: number | null = null;
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      const error = asPawdexError(thrown);
      giveUpAt ??= performance.now() + patienceMs;
      if (!PASSING.has(error.code) || signal?.aborted || performance.now() + waitMs > giveUpAt) {
        throw thrown;
      }
      onWait?.(error, waitMs);
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw thrown;
      });
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }
}

/**
 * Wraps an engine so that bulk work continues after a restart of its server. Adding is idempotent, and so are changes and
 * deletions by id.
 *
 * @param reconnect opens the engine again, possibly at another address
 */
export function createPatientEngine(
  first: Engine,
  reconnect: () => Promise<Engine>,
  patience: Patience,
): Engine {
  let engine = first;
  let isLost = false;
  const persist = <T>(call: (current: Engine) => Promise<T>) =>
    keepTrying(async () => {
      if (isLost) {
        engine = await reconnect();
        isLost = false;
      }
      return call(engine).catch((error) => {
        isLost = true;
        throw error;
      });
    }, patience);
  return {
    ...first,
    addItems: (...args) => persist((current) => current.addItems(...args)),
    createCollection: (...args) => persist((current) => current.createCollection(...args)),
    store: {
      ...first.store,
      getCollection: (...args) => persist(({ store }) => store.getCollection(...args)),
      findKnown: (...args) => persist(({ store }) => store.findKnown(...args)),
      list: (...args) => persist(({ store }) => store.list(...args)),
      updateMany: (...args) => persist(({ store }) => store.updateMany(...args)),
      deleteMany: (...args) => persist(({ store }) => store.deleteMany(...args)),
    },
  };
}
