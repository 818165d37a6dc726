/**
 * Groups single images into batches of a few fixed sizes. The first image that finds the encoder idle goes at
 * once; what arrives while it computes is grouped. No image ever waits for a batch to fill.
 */
import { PawdexError } from '../errors.js';

/** Runs one batch: uint8 [size, size, 3] each in, an embedding each out, in the same order. */
export type RunBatch<T> = (images: Uint8Array[]) => Promise<T[]>;

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
}

/** A queue in front of a function that embeds batches. */
export class Batcher<T> {
  readonly #run: RunBatch<T>;
  readonly #options: BatcherOptions;
  readonly #largest: number;
  #queue: Waiting<T>[] = [];
  #batchesInFlight = 0;
  #imagesInFlight = 0;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(run: RunBatch<T>, options: BatcherOptions) {
    if (options.sizes[0] !== 1) throw new Error('batch sizes must start with 1');
    this.#run = run;
    this.#options = options;
    this.#largest = options.sizes.at(-1)!;
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
    // A second batch is handed over early only when it is full: it spares the worker the wait for this thread,
    // while a partial one may still grow.
    while (
      this.#queue.length > 0 &&
      (this.#batchesInFlight === 0 || (this.#batchesInFlight === 1 && this.#queue.length >= this.#largest))
    ) {
      const size = this.#options.sizes.findLast((s) => s <= this.#queue.length)!;
      void this.#send(this.#queue.splice(0, size));
    }
  }

  async #send(batch: Waiting<T>[]): Promise<void> {
    this.#batchesInFlight++;
    this.#imagesInFlight += batch.length;
    try {
      const embeddings = await this.#run(batch.map((w) => w.pixels));
      batch.forEach((waiting, i) => {
        waiting.resolve(embeddings[i] as T);
      });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#batchesInFlight--;
      this.#imagesInFlight -= batch.length;
      this.#dispatch();
      if (this.pending === 0) for (const resolve of this.#drained.splice(0)) resolve();
    }
  }
}
