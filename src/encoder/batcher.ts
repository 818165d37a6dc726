/**
 * Groups single images into batches of a few fixed sizes. The first image that finds the encoder idle goes at
 * once; what arrives while it computes is grouped. No image ever waits for a batch to fill.
 *
 * An encoder may have lanes: a lone image is computed by all threads together, soonest; where several wait, each lane
 * computes images of its own, so that no thread waits for another. Threads that share an inference meet after every
 * operator, and where decoding or HTTP has one of the cores, all of them wait for the one that lost it.
 */
import { PawdexError } from '../errors.js';

/**
 * Runs one batch: uint8 [size, size, 3] each in, an embedding each out, in the same order.
 *
 * @param lane 0: with all threads; from 1: in that lane
 */
export type RunBatch<T> = (images: Uint8Array[], lane: number) => Promise<T[]>;

interface Waiting<T> {
  pixels: Uint8Array;
  resolve: (embedding: T) => void;
  reject: (error: unknown) => void;
}

/** Settings of a {@link Batcher}. */
export interface BatcherOptions {
  /** Allowed batch sizes, ascending, starting with 1: ORT keeps one memory plan per shape, so few is good. */
  sizes: number[];
  /** Images that may wait; more are refused. */
  maxQueue: number;
  /** How many lanes there are; none unless given. */
  lanes?: number;
}

/** A queue in front of a function that embeds batches. */
export class Batcher<T> {
  readonly #run: RunBatch<T>;
  readonly #options: BatcherOptions;
  readonly #largest: number;
  #queue: Waiting<T>[] = [];
  /** Batches being computed, or handed over and next: with all threads, then in each lane. */
  readonly #inFlight: number[];
  #imagesInFlight = 0;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(run: RunBatch<T>, options: BatcherOptions) {
    if (options.sizes[0] !== 1) throw new Error('batch sizes must start with 1');
    this.#run = run;
    this.#options = options;
    this.#largest = options.sizes.at(-1)!;
    this.#inFlight = new Array<number>(1 + (options.lanes ?? 0)).fill(0);
  }

  /** Images waiting or being embedded. */
  get pending(): number {
    return this.#queue.length + this.#imagesInFlight;
  }

  /** @throws PawdexError overloaded, shutting_down */
  add(pixels: Uint8Array): Promise<T> {
    if (this.#closed) return Promise.reject(new PawdexError('shutting_down', { retryAfter: 5 }));
    if (this.#queue.length >= this.#options.maxQueue)
      return Promise.reject(new PawdexError('overloaded', { retryAfter: 1 }));
    return new Promise((resolve, reject) => {
      this.#queue.push({ pixels, resolve, reject });
      this.#dispatch();
    });
  }

  /** Refuses new images and resolves when the accepted ones are done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.pending > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  #dispatch(): void {
    for (let lane = this.#next(); lane !== null; lane = this.#next()) {
      const idle = this.#inFlight.slice(1).filter((batches) => batches === 0).length;
      // What waits is shared out among the lanes that have nothing to do.
      const share = Math.max(1, Math.floor(this.#queue.length / Math.max(1, idle)));
      const size = this.#options.sizes.findLast((s) => s <= share)!;
      void this.#send(this.#queue.splice(0, size), lane);
    }
  }

  /** Where the next batch goes: 0 or a lane; null when nothing waits or nobody should get more. */
  #next(): number | null {
    const waiting = this.#queue.length;
    const [together, ...lanes] = this.#inFlight as [number, ...number[]];
    if (waiting === 0) return null;
    // A second batch is handed over early only when it is full: it spares the worker the wait for this thread,
    // while a partial one may still grow.
    const takes = (batches: number) => batches === 0 || (batches === 1 && waiting >= this.#largest);
    if (lanes.length === 0) return takes(together) ? 0 : null;
    // All threads together and lanes never compute at once: they would take the cores from each other.
    if (together > 0) return null;
    if (waiting === 1 && lanes.every((batches) => batches === 0)) return 0;
    const least = Math.min(...lanes);
    return takes(least) ? 1 + lanes.indexOf(least) : null;
  }

  async #send(batch: Waiting<T>[], lane: number): Promise<void> {
    this.#inFlight[lane]!++;
    this.#imagesInFlight += batch.length;
    try {
      const embeddings = await this.#run(
        batch.map((w) => w.pixels),
        lane,
      );
      batch.forEach((waiting, i) => {
        waiting.resolve(embeddings[i] as T);
      });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#inFlight[lane]!--;
      this.#imagesInFlight -= batch.length;
      this.#dispatch();
      if (this.pending === 0) for (const resolve of this.#drained.splice(0)) resolve();
    }
  }
}
