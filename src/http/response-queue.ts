/**
 * A queue for responses that take long to read from the store or to serialise, such as pages of items. They are
 * produced in turn, so that other calls never wait for more than one, and memory holds only a few.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Admission } from '../engine/admission.js';

/** Maximum number of responses that may wait, regardless of speed. */
const MAX_WAITING = 1_000;
/** How long a refused client counts as waiting, in milliseconds. */
const REFUSED_WAITS_MS = 10_000;

/** Settings of a {@link ResponseQueue}. */
interface QueueOptions {
  /** Seconds of work that may wait, at the measured rate. */
  maxSeconds: number;
  /** Assumed seconds per response before any was measured. */
  firstGuessSeconds: number;
  /**
   * Responses produced at a time. The default is 1, because one response keeps two threads busy alternately, the store's and
   * the main one, and other requests need the cores as well.
   */
  concurrency?: number;
}

/** Produces responses in turn, and refuses more than it can produce in time. */
export class ResponseQueue {
  readonly #admission: Admission;
  readonly #limit: ReturnType<typeof pLimit>;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor({ concurrency = 1, ...limits }: QueueOptions) {
    this.#admission = new Admission({ ...limits, maxImages: MAX_WAITING });
    this.#limit = pLimit(concurrency);
  }

  /** @throws PawdexError overloaded if another response would be refused now */
  assertCapacity(): void {
    try {
      this.#admission.assertCapacity(1);
    } catch (error) {
      this.#refusedAt = performance.now();
      throw error;
    }
  }

  /** Whether a client waits, or was refused a moment ago because of those that are waiting. */
  get isAwaited(): boolean {
    return this.#limit.pendingCount > 0 || performance.now() - this.#refusedAt < REFUSED_WAITS_MS;
  }

  /**
   * Produces a response once those before it are done.
   *
   * @param respond reads the data and passes it to the connection
   * @throws PawdexError overloaded, with the time until the waiting responses are done
   */
  run<T>(respond: () => Promise<T>): Promise<T> {
    return this.#admission.admit(1, () =>
      this.#limit(async () => {
        await letOthersRun();
        return respond();
      }),
    );
  }
}

export type ResponseQueues = ReturnType<typeof createResponseQueues>;

export function createResponseQueues() {
  return {
    /** Pages, facets, maps and long lists of neighbours, which take milliseconds each. */
    pages: new ResponseQueue({ maxSeconds: 2, firstGuessSeconds: 0.02 }),
    /** Work on whole collections, which takes seconds each: finding duplicates and writing Parquet files. */
    scans: new ResponseQueue({ maxSeconds: 20, firstGuessSeconds: 1 }),
    /** Parquet files that are sent as soon as they are written. Each takes space on the disk until then. */
    exports: new ResponseQueue({ maxSeconds: 60, firstGuessSeconds: 2, concurrency: 4 }),
    /** Parquet files that are imported. */
    imports: new ResponseQueue({ maxSeconds: 60, firstGuessSeconds: 5 }),
  };
}
