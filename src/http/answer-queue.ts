/**
 * A queue for answers that take long to read from the store or to serialise, such as pages of items. They are produced one
 * at a time, so that other calls never wait for more than one.
 */
import pLimit from 'p-limit';
import { Admission } from '../engine/admission.js';

/** One answer keeps two threads busy alternately, the store's and the main one. Other requests need the cores as well. */
const AT_ONCE = 1;
/** The most answers that may wait, regardless of speed. */
const MOST_WAITING = 1_000;

/** Produces answers in turn, and refuses more than it can produce in time. */
export class AnswerQueue {
  readonly #admission: Admission;
  readonly #atOnce = pLimit(AT_ONCE);

  /** @param maxSeconds seconds of work that may wait, at the measured rate */
  constructor(maxSeconds: number) {
    this.#admission = new Admission({ maxSeconds, maxImages: MOST_WAITING });
  }

  /** @throws PawdexError overloaded if another answer would be refused now */
  checkRoom(): void {
    this.#admission.check(1);
  }

  /**
   * Produces an answer once those before it are done.
   *
   * @param make reads the data and passes it to the connection
   * @throws PawdexError overloaded, with the time until the waiting answers are done
   */
  run<T>(make: () => Promise<T>): Promise<T> {
    return this.#admission.admit(1, () => this.#atOnce(make));
  }
}

/** The queues of a server. */
export interface AnswerQueues {
  /** Pages, facets and long lists of neighbours, which take milliseconds each. */
  pages: AnswerQueue;
  /** Comparisons of many items with all others, which take seconds each. */
  scans: AnswerQueue;
}

export function createAnswerQueues(): AnswerQueues {
  return { pages: new AnswerQueue(2), scans: new AnswerQueue(20) };
}
