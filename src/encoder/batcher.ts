/**
 * Groups single images into batches of a few fixed sizes. If the encoder is idle, an image is embedded at once, and images
 * that arrive in the meantime are grouped. No image ever waits for a batch to fill, and no urgent image waits behind bulk
 * work.
 *
 * An encoder may have lanes. All threads compute a single image together, which is fastest. When several images wait, each
 * lane computes its own. Threads that share an inference synchronise after every operator, so if decoding or HTTP takes one
 * core, all of them wait for the thread that lost it.
 */
import { PawdexError } from '../errors.js';
import type { Place, Urgency } from './encoder.js';

/**
 * Runs one batch: uint8 [size, size, 3] each in, an embedding each out, in the same order.
 *
 * @param lane 0: with all threads; from 1: in that lane
 */
export type RunBatch<T> = (images: Uint8Array[], lane: number) => Promise<T[]>;

interface Waiting<T> {
  pixels: Uint8Array;
  place: Place;
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
  readonly #waiting: Record<Urgency, Waiting<T>[]> = { urgent: [], bulk: [] };
  /** Batches being computed or handed over to be next: first with all threads, then per lane. */
  readonly #inFlight: number[];
  #imagesInFlight = 0;
  /** Batches of urgent images that lanes are computing. */
  #urgentInLanes = 0;
  #batchesSinceBulk = 0;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(run: RunBatch<T>, options: BatcherOptions) {
    if (options.sizes[0] !== 1) {
      throw new Error('batch sizes must start with 1');
    }
    this.#run = run;
    this.#options = options;
    this.#largest = options.sizes.at(-1)!;
    this.#inFlight = new Array<number>(1 + (options.lanes ?? 0)).fill(0);
  }

  /** Images waiting or being embedded. */
  get pending(): number {
    return this.#queued + this.#imagesInFlight;
  }

  get #queued(): number {
    return this.#waiting.urgent.length + this.#waiting.bulk.length;
  }

  /** @throws PawdexError overloaded, shutting_down */
  add(pixels: Uint8Array, place: Place = 'urgent'): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new PawdexError('shutting_down', { retryAfter: 5 }));
    }
    if (this.#queued >= this.#options.maxQueue) {
      return Promise.reject(new PawdexError('overloaded', { retryAfter: 1 }));
    }
    return new Promise((resolve, reject) => {
      const waiting = { pixels, place, resolve, reject };
      if (place === 'next') {
        this.#waiting.urgent.unshift(waiting);
      } else {
        this.#waiting[place].push(waiting);
      }
      this.#dispatch();
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
    for (;;) {
      const urgency = this.#nextUrgency();
      const lane = urgency === null ? null : this.#laneFor(urgency);
      if (urgency === null || lane === null) {
        return;
      }
      this.#batchesSinceBulk = urgency === 'bulk' ? 0 : this.#batchesSinceBulk + 1;
      void this.#send(urgency, lane);
    }
  }

  /** The queue to take from next, or null if nothing waits. */
  #nextUrgency(): Urgency | null {
    const { urgent, bulk } = this.#waiting;
    if (urgent.length === 0) {
      return bulk.length === 0 ? null : 'bulk';
    }
    return bulk.length > 0 && this.#batchesSinceBulk >= BULK_TURN - 1 ? 'bulk' : 'urgent';
  }

  /** Where the next batch goes: 0, a lane, or null if it has to wait. */
  #laneFor(urgency: Urgency): number | null {
    const waiting = this.#waiting[urgency].length;
    const [together, ...lanes] = this.#inFlight as [number, ...number[]];
    // A second batch is handed over early, so that the worker does not wait for this thread, but not while it may still
    // grow to its share of all images.
    const enough = Math.min(this.#largest, Math.max(2, Math.floor(this.pending / 2 / (lanes.length || 1))));
    const isReady = waiting >= enough || this.#waiting[urgency][0]!.place === 'next';
    const takes = (batches: number) => batches === 0 || (batches === 1 && isReady);
    if (lanes.length === 0) {
      return takes(together) ? 0 : null;
    }
    // A batch on all threads is done soon. Lanes that started now would take its cores.
    if (together > 0) {
      return null;
    }
    const isAlone =
      waiting === 1 && (urgency === 'urgent' ? this.#urgentInLanes === 0 : lanes.every((n) => n === 0));
    if (isAlone) {
      return 0;
    }
    const least = Math.min(...lanes);
    return takes(least) ? 1 + lanes.indexOf(least) : null;
  }

  /** Takes a batch from the queue; the waiting images are shared among all idle lanes. */
  #take(urgency: Urgency): Waiting<T>[] {
    const waiting = this.#waiting[urgency];
    const idle = this.#inFlight.slice(1).filter((batches) => batches === 0).length;
    const share = Math.max(1, Math.floor(waiting.length / Math.max(1, idle)));
    // In a small batch, an image that has already waited is done sooner.
    const most = waiting[0]!.place === 'next' ? Math.min(2, share) : share;
    return waiting.splice(0, this.#options.sizes.findLast((size) => size <= most)!);
  }

  async #send(urgency: Urgency, lane: number): Promise<void> {
    const batch = this.#take(urgency);
    const isUrgentInLane = urgency === 'urgent' && lane > 0;
    this.#inFlight[lane]!++;
    this.#imagesInFlight += batch.length;
    if (isUrgentInLane) {
      this.#urgentInLanes++;
    }
    try {
      const embeddings = await this.#run(
        batch.map((w) => w.pixels),
        lane,
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
