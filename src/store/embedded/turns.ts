/** Taking turns: long work in the store's one thread gives way to waiting calls every few milliseconds. */

/** Milliseconds of work before others get a turn. */
const SLICE_MS = 3;
/** Milliseconds after a call during which another is expected. */
export const EXPECTED_FOR_MS = 250;
/** Milliseconds for calls between two works, while calls keep coming. */
const PATIENCE_MS = 4;

const waiting: (() => void)[] = [];
/** When the works that wait could first have had their turn: the first came, or the one before them was done. */
let waitingSince = 0;
/** Never two at once: a heap of them would run works in one go, and calls would wait for seconds. */
let scheduled = false;

/** One alone: calls wait for a transaction or for a slice of inserting, and not for both. */
function runNext(): void {
  waiting.shift()?.();
  waitingSince = performance.now();
}

function schedule(): void {
  if (scheduled) {
    return;
  }
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    runNext();
    if (waiting.length > 0) {
      schedule();
    }
  });
}

/** Runs `work`, which must not throw, once the calls that have arrived were taken and the works before it are done. */
export function runSoon(work: () => void): void {
  if (waiting.length === 0) {
    waitingSince = performance.now();
  }
  waiting.push(work);
  schedule();
}

/**
 * To be called as each call arrives. Node takes up to a thousand messages of a port before anything else has a
 * turn; when answers bring new calls at once, puts would wait for a thousand searches.
 */
export function runOverdue(): void {
  if (waiting.length > 0 && performance.now() - waitingSince > PATIENCE_MS) {
    runNext();
  }
}

/** Hands the thread over when a slice of work is used up. */
export class Turn {
  #until = performance.now() + SLICE_MS;

  /** @returns whether the slice is used up and {@link next} should be awaited */
  get due(): boolean {
    return performance.now() >= this.#until;
  }

  /** Lets waiting calls run, then starts the next slice. */
  async next(): Promise<void> {
    await new Promise<void>(runSoon);
    this.#until = performance.now() + SLICE_MS;
  }
}
