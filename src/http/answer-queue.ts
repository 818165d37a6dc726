/**
 * A queue for answers that take long to read from the store or to serialise, such as pages of items. They are
 * produced in turn, so that other calls never wait for more than one, and memory holds only a few.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Admission } from '../engine/admission.js';

/** The most answers that may wait, regardless of speed. */
const MAX_WAITING = 1_000;
/** How long a refusal counts as somebody who is waiting, in milliseconds. */
const REMEMBERED_MS = 10_000;

/** Settings of an {@link AnswerQueue}. */
export interface QueueOptions {
  /** Seconds of work that may wait, at the measured rate. */
  maxSeconds: number;
  /** Assumed seconds per answer before any was measured. */
  firstGuessSeconds: number;
  /**
   * Answers produced at a time. The default is 1, because one answer keeps two threads busy alternately, the store's and
   * the main one, and other requests need the cores as well.
   */
  atOnce?: number;
}

/** Produces answers in turn, and refuses more than it can produce in time. */
export class AnswerQueue {
  readonly #admission: Admission;
  readonly #limit: ReturnType<typeof pLimit>;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor({ atOnce = 1, ...limits }: QueueOptions) {
    this.#admission = new Admission({ ...limits, maxImages: MAX_WAITING });
    this.#limit = pLimit(atOnce);
  }

  /** @throws PawdexError overloaded if another answer would be refused now */
  checkRoom(): void {
    try {
      this.#admission.check(1);
    } catch (error) {
      this.#refusedAt = performance.now();
      throw error;
    }
  }

  /** Whether somebody waits for an answer to be done, or was refused because of those that are waiting. */
  get isAwaited(): boolean {
    return this.#limit.pendingCount > 0 || performance.now() - this.#refusedAt < REMEMBERED_MS;
  }

  /**
   * Produces an answer once those before it are done.
   *
   * @param make reads the data and passes it to the connection
   * @throws PawdexError overloaded, with the time until the waiting answers are done
   */
  run<T>(make: () => Promise<T>): Promise<T> {
    return this.#admission.admit(1, () =>
      this.#limit(async () => {
        await letOthersRun();
        return make();
      }),
    );
  }
}

export interface AnswerQueues {
  /** Pages, facets, maps and long lists of neighbours, which take milliseconds each. */
  pages: AnswerQueue;
  /** Work on whole collections, which takes seconds each: finding duplicates and writing Parquet files. */
  scans: AnswerQueue;
  /** Parquet files that are sent as soon as they are written. Each takes space on the disk until then. */
  exports: AnswerQueue;
  /** Parquet files that are imported. */
  imports: AnswerQueue;
}

export function createAnswerQueues(): AnswerQueues {
  return {
    pages: new AnswerQueue({ maxSeconds: 2, firstGuessSeconds: 0.02 }),
    scans: new AnswerQueue({ maxSeconds: 20, firstGuessSeconds: 1 }),
    exports: new AnswerQueue({ maxSeconds: 60, firstGuessSeconds: 2, atOnce: 4 }),
    imports: new AnswerQueue({ maxSeconds: 60, firstGuessSeconds: 5 }),
  };
}
