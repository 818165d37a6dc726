/** Lets long work in the store's only thread give way to waiting calls every few milliseconds. */

/** Milliseconds of work before waiting calls get a turn. */
const SLICE_MS = 3;
/** Milliseconds after a call during which another is expected. */
export const EXPECTED_FOR_MS = 250;
/** Milliseconds that calls may run between two tasks while more calls keep arriving. */
const PATIENCE_MS = 4;

const waiting: (() => void)[] = [];
/** Since when the first waiting task could have run. */
let waitingSince = 0;
/** Whether a turn is scheduled. There is never more than one, or many tasks would run in a row while calls wait. */
let isScheduled = false;

/** Runs one task, so that a call never waits for more than one. */
function runNext(): void {
  waiting.shift()?.();
  waitingSince = performance.now();
}

function schedule(): void {
  if (isScheduled) {
    return;
  }
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    runNext();
    if (waiting.length > 0) {
      schedule();
    }
  });
}

/** Runs `work`, which must not throw, after the calls that have arrived and the tasks queued before it. */
export function runSoon(work: () => void): void {
  if (waiting.length === 0) {
    waitingSince = performance.now();
  }
  waiting.push(work);
  schedule();
}

/**
 * Runs a task that has waited too long; call it for each call that arrives. Node delivers up to a thousand messages
 * of a port in a row, so if each answer triggered a new call, puts would wait for a thousand searches.
 */
export function runOverdue(): void {
  if (waiting.length > 0 && performance.now() - waitingSince > PATIENCE_MS) {
    runNext();
  }
}

/** Yields the thread when a time slice is used up. */
export class TimeSlice {
  #until = performance.now() + SLICE_MS;

  /** Whether {@link yield} should be awaited. */
  get isUsedUp(): boolean {
    return performance.now() >= this.#until;
  }

  /** Lets waiting calls run, then starts the next slice. */
  async yield(): Promise<void> {
    await new Promise<void>(runSoon);
    this.#until = performance.now() + SLICE_MS;
  }
}
