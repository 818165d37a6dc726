/**
 * Groups single images into batches of a few fixed sizes. If the encoder is idle, an image is embedded at once, and images
 * that arrive in the meantime are grouped. No image ever waits for a batch to fill, and no urgent image waits behind bulk
 * work.
 *
 * An encoder may have lanes. All threads compute a single image together, which is fastest. When several images wait, each
 * lane computes its own. Threads that share an inference synchronise after every operator, so if decoding or HTTP takes one
 * core, all of them wait for the thread that lost it.
 *
 * Further views of a photo skip the queue: the photo has waited once already.
 */
import { PawdexError } from '../errors.js';
import type { Place } from './encoder.js';

/**
 * Runs one batch: uint8 [size, size, 3] each in, an embedding each out, in the same order.
 *
 * @param lane 0: with all threads; from 1: in that lane
 * @param isNext whether it goes before batches that the lane has not begun
 */
export type RunBatch<T> = (images: Uint8Array[], lane: number, isNext: boolean) => Promise<T[]>;

interface Waiting<T> {
  pixels: Uint8Array;
  resolve: (embedding: T) => void;
  reject: (error: unknown) => void;
}

/** One in this many batches is bulk work, if there is any, so that it makes progress even under permanent load. */
const BULK_TURN = 8;

export interface BatcherOptions {
  /** Allowed batch sizes, ascending, starting with 1. Few are better: ORT keeps one memory plan per shape. */
  sizes: number[];
  /** Images that may wait. More are refused. */
  maxQueue: number;
  /** Number of lanes. Default: none. */
  lanes?: number;
}

/** A queue in front of a function that embeds batches. */
export class Batcher<T> {
  readonly #run: RunBatch<T>;
  readonly #options: BatcherOptions;
  readonly #largest: number;
  readonly #waiting: Record<Place, Waiting<T>[]> = { next: [], urgent: [], bulk: [] };
  /** Batches being computed or handed over to be next: first with all threads, then per lane. */
  readonly #inFlight: number[];
  #imagesInFlight = 0;
  /** Batches of urgent images that lanes are computing. */
  #urgentInLanes = 0;
  #batchesSinceBulk = 0;
  #isDispatching = false;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(run: RunBatch<T>, options: BatcherOptions) {
    this.#run = run;
    this.#options = options;
    this.#largest = options.sizes.at(-1)!;
    this.#inFlight = new Array<number>(1 + (options.lanes ?? 0)).fill(0);
  }

  /** Images waiting or being embedded. */
  get pending(): number {
    return this.#queueLength + this.#imagesInFlight;
  }

  get #queueLength(): number {
    const { next, urgent, bulk } = this.#waiting;
    return next.length + urgent.length + bulk.length;
  }

  /** @throws PawdexError overloaded, shutting_down */
  add(pixels: Uint8Array, place: Place = 'urgent'): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new PawdexError('shutting_down', { retryAfter: 5 }));
    }
    if (this.#queueLength >= this.#options.maxQueue) {
      return Promise.reject(new PawdexError('overloaded', { retryAfter: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting[place].push({ pixels, resolve, reject });
      if (!this.#isDispatching) {
        this.#isDispatching = true;
        // Not at once: the views of one photo arrive together.
        queueMicrotask(() => this.#dispatch());
      }
    });
  }

  /** Refuses new images and resolves when the accepted ones are done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.pending > 0) {
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    }
  }

  #dispatch(): void {
    this.#isDispatching = false;
    for (;;) {
      const place = this.#choosePlace();
      const lane = place === null ? null : this.#chooseLane(place);
      if (place === null || lane === null) {
        return;
      }
      this.#batchesSinceBulk = place === 'bulk' ? 0 : this.#batchesSinceBulk + 1;
      void this.#send(place, lane);
    }
  }

  /** Chooses the queue to take from; null if nothing waits. */
  #choosePlace(): Place | null {
    const { next, urgent, bulk } = this.#waiting;
    if (next.length > 0) {
      return 'next';
    }
    const isBulkDue = bulk.length > 0 && this.#batchesSinceBulk >= BULK_TURN - 1;
    if (urgent.length > 0 && !isBulkDue) {
      return 'urgent';
    }
    return bulk.length > 0 ? 'bulk' : null;
  }

  /** Chooses where the next batch goes: 0 for all threads together, a lane, or null if it has to wait. */
  #chooseLane(place: Place): number | null {
    const [sharedInFlight, ...lanes] = this.#inFlight as [number, ...number[]];
    if (lanes.length === 0) {
      return this.#isDue(place, sharedInFlight) ? 0 : null;
    }
    // A batch on all threads is done soon. Lanes that started now would take its cores.
    if (sharedInFlight > 0) {
      return null;
    }
    if (this.#isAlone(place, lanes)) {
      return 0;
    }
    const shortest = Math.min(...lanes);
    return this.#isDue(place, shortest) ? 1 + lanes.indexOf(shortest) : null;
  }

  /** Whether nothing else waits or runs that would slow down a batch on all threads, or that it would slow down. */
  #isAlone(place: Place, lanes: readonly number[]): boolean {
    const waiting = this.#waiting[place].length;
    return place === 'bulk'
      ? waiting === 1 && lanes.every((batches) => batches === 0)
      : (waiting === 1 || place === 'next') && this.#urgentInLanes === 0;
  }

  /**
   * Whether to hand a batch over to a worker that has `inFlight` already. A second one is handed over early, so that the
   * worker does not wait for this thread, but not while it may still grow to its share of all images.
   */
  #isDue(place: Place, inFlight: number): boolean {
    const lanes = this.#inFlight.length - 1 || 1;
    const share = Math.max(2, Math.floor(this.pending / 2 / lanes));
    const isLarge = this.#waiting[place].length >= Math.min(this.#largest, share);
    return place === 'next' || inFlight === 0 || (inFlight === 1 && isLarge);
  }

  /** Takes a batch from a queue. Waiting photos are shared among all idle lanes, parts of a photo stay together. */
  #take(place: Place): Waiting<T>[] {
    const waiting = this.#waiting[place];
    const idle = this.#inFlight.slice(1).filter((batches) => batches === 0).length;
    const share =
      place === 'next' ? waiting.length : Math.max(1, Math.floor(waiting.length / Math.max(1, idle)));
    return waiting.splice(0, this.#options.sizes.findLast((size) => size <= share)!);
  }

  async #send(place: Place, lane: number): Promise<void> {
    const batch = this.#take(place);
    const isUrgentInLane = place !== 'bulk' && lane > 0;
    this.#inFlight[lane]!++;
    this.#imagesInFlight += batch.length;
    if (isUrgentInLane) {
      this.#urgentInLanes++;
    }
    try {
      const embeddings = await this.#run(
        batch.map(({ pixels }) => pixels),
        lane,
        place === 'next',
      );
      batch.forEach((waiting, i) => {
        waiting.resolve(embeddings[i] as T);
      });
    } catch (error) {
      for (const waiting of batch) {
        waiting.reject(error);
      }
    } finally {
      this.#inFlight[lane]!--;
      this.#imagesInFlight -= batch.length;
      if (isUrgentInLane) {
        this.#urgentInLanes--;
      }
      this.#dispatch();
      if (this.pending === 0) {
        for (const resolve of this.#drained.splice(0)) {
          resolve();
        }
      }
    }
  }
}
