/** Repeats work that fails for a reason that passes: a busy encoder, or a server that is being restarted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asPawdexError, type ErrorCode, type PawdexError } from '../errors.js';

/** When and for how long to repeat. */
export interface Patience {
  /** Codes of the errors that pass. */
  codes: readonly ErrorCode[];
  /** Milliseconds since the first failure; Infinity for no limit. */
  patienceMs: number;
  /** Milliseconds before each attempt. Default: as long as the error says, or a second. */
  waitMs?: (error: PawdexError, attempt: number) => number;
  signal?: AbortSignal | undefined;
  /** Called before each wait. */
  onWait?: ((error: PawdexError, waitMs: number) => void) | undefined;
}

/**
 * Repeats work, which must be safe to repeat.
 *
 * @throws the error of the work, once the time is over or the signal is aborted
 */
export async function keepTrying<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const { codes, patienceMs, waitMs = ({ retryAfter = 1 }) => retryAfter * 1000, signal, onWait } = patience;
  let giveUpAt: number | null = null;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      const error = asPawdexError(thrown);
      const wait = waitMs(error, attempt);
      giveUpAt ??= performance.now() + patienceMs;
      if (!codes.includes(error.code) || signal?.aborted || performance.now() + wait > giveUpAt) {
        throw thrown;
      }
      onWait?.(error, wait);
      await sleep(wait, undefined, { signal }).catch(() => {
        throw thrown;
      });
    }
  }
}
