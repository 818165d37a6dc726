/** Taking turns: long work in the store's one thread gives way to waiting calls every few milliseconds. */
import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work before others get a turn. */
const SLICE_MS = 3;

/** Hands the thread over when a slice of work is used up. */
export class Turn {
  #until = performance.now() + SLICE_MS;

  /** @returns whether the slice is used up and {@link next} should be awaited */
  get due(): boolean {
    return performance.now() >= this.#until;
  }

  /** Lets waiting calls run, then starts the next slice. */
  async next(): Promise<void> {
    await setImmediate();
    this.#until = performance.now() + SLICE_MS;
  }
}
