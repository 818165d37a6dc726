/**
 * A queue for answers that take long to read from the store or to write as JSON, such as pages of items. A few are made
 * at a time, so that any other call waits for these few and not for as many as there are connections that ask for them.
 */
import pLimit from 'p-limit';
import { Admission } from '../engine/admission.js';

/** One is read from the store while the other is written as JSON. */
const AT_ONCE = 2;
/** Answers that may wait, however fast they are made. */
const MOST_WAITING = 1_000;

/** Makes answers in turn and refuses more than it can make in time. */
export class AnswerQueue {
  readonly #admission: Admission;
  readonly #atOnce = pLimit(AT_ONCE);

  /** @param maxSeconds seconds of work that may wait, at the measured rate */
  constructor(maxSeconds: number) {
    this.#admission = new Admission({ maxSeconds, maxImages: MOST_WAITING });
  }

  /** @throws PawdexError overloaded where another answer would be refused now */
  checkRoom(): void {
    this.#admission.check(1);
  }

  /**
   * Makes an answer once those before it are done.
   *
   * @param make reads what is asked for and hands it to the connection
   * @throws PawdexError overloaded, with the time after which those that wait now are done
   */
  run<T>(make: () => Promise<T>): Promise<T> {
    return this.#admission.admit(1, () => this.#atOnce(make));
  }
}

/** The queues of a server. */
export interface AnswerQueues {
  /** Pages, facets and long lists of neighbours: milliseconds each. */
  pages: AnswerQueue;
  /** Comparisons of many items with all others: seconds each. */
  scans: AnswerQueue;
}

export function createAnswerQueues(): AnswerQueues {
  return { pages: new AnswerQueue(2), scans: new AnswerQueue(20) };
}
