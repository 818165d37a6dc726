/**
 * The worker threads of an encoder. Lane 0 uses all threads, for a single image that should be done soon. The others
 * compute one batch each in parallel, with a share of the threads.
 */
import * as workerThreads from 'node:worker_threads';
import { DeathCount, RestartingWorker, type WorkerWatcher } from '../threads/restarting-worker.js';
import { type Transferred, transfer } from '../threads/rpc.js';
import type { CellEmbedding } from './encoder.js';
import type { EncoderCalls, EncoderWorkerData } from './encoder-worker.js';
import type { LoadedCard } from './model-card.js';

/**
 * Niceness of the threads. They yield to the main thread, which answers HTTP, and lanes from 1 yield to lane 0. If the
 * others do bulk work, a single urgent image is computed in lane 0 at the same time; with nine times their weight it gets
 * nearly all of the cores.
 */
const NICENESS_TOGETHER = 1;
const NICENESS_LANE = 10;

/** With more threads, a lane gets several: each lane holds another copy of the model, about 45 MiB. */
const MAX_LANES = 8;

export class EncoderLanes {
  /** Lanes besides lane 0: 0 with a single thread. */
  readonly count: number;
  readonly #loaded: LoadedCard;
  readonly #threads: number;
  readonly #watcher: WorkerWatcher;
  readonly #deaths = new DeathCount();
  readonly #workers: (Promise<RestartingWorker<EncoderCalls>> | undefined)[] = [];

  constructor(loaded: LoadedCard, threads: number, watcher: WorkerWatcher) {
    this.count = threads === 1 ? 0 : Math.min(threads, MAX_LANES);
    this.#loaded = loaded;
    this.#threads = threads;
    this.#watcher = watcher;
  }

  /** Opens the first lanes. The others open at their first call. @throws PawdexError model_invalid, with no lane open */
  async open(first: number): Promise<void> {
    const opening = await Promise.allSettled(Array.from({ length: first }, (_, lane) => this.#worker(lane)));
    const failure = opening.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) {
      await this.#forEach((worker) => worker.terminate());
      throw failure.reason;
    }
  }

  /**
   * Embeds images in a lane.
   *
   * @param isNext whether they go before those that wait in the lane
   * @returns float32 [images, dimension]
   */
  async run(images: Uint8Array[], lane: number, isNext: boolean): Promise<Float32Array> {
    const { calls } = await this.#worker(lane);
    return calls.run(movePixels(images), isNext);
  }

  /** Embeds images cell by cell, with all threads. */
  async runCells(images: Uint8Array[]): Promise<CellEmbedding[]> {
    const { calls } = await this.#worker(0);
    return calls.runCells(movePixels(images));
  }

  close(): Promise<void> {
    return this.#forEach((worker) => worker.close());
  }

  #worker(lane: number): Promise<RestartingWorker<EncoderCalls>> {
    this.#workers[lane] ??= this.#start(lane);
    return this.#workers[lane];
  }

  async #start(lane: number): Promise<RestartingWorker<EncoderCalls>> {
    const threads = lane === 0 ? this.#threads : Math.floor(this.#threads / this.count);
    const niceness = lane === 0 ? NICENESS_TOGETHER : NICENESS_LANE;
    try {
      return await RestartingWorker.start<EncoderCalls>({
        entry: new URL('./encoder-worker.js', import.meta.url),
        workerData: { loaded: this.#loaded, threads, niceness } satisfies EncoderWorkerData,
        open: ({ calls }) => calls.open(),
        deaths: this.#deaths,
        watcher: this.#watcher,
      });
    } catch (error) {
      // The next call of the lane tries again.
      this.#workers[lane] = undefined;
      throw error;
    }
  }

  /** Resolves, or throws the first failure, when the work of all is over: exit while a lane computes aborts the process. */
  async #forEach(work: (worker: RestartingWorker<EncoderCalls>) => Promise<unknown>): Promise<void> {
    const outcomes = await Promise.allSettled(
      this.#workers.map(async (worker) => worker && work(await worker)),
    );
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) {
      throw failure.reason;
    }
  }
}

/** From Node 21 on, buffers allocated by sharp cannot be moved. */
const { isMarkedAsUntransferable } = workerThreads as { isMarkedAsUntransferable?(object: object): boolean };

/** Moves pixels to a worker. Copies buffers that cannot be moved, such as small ones from Node's pool. */
function movePixels(images: Uint8Array[]): Transferred<Uint8Array[]> {
  const moved = images.map((pixels) => {
    const { buffer, byteLength } = pixels;
    const isMovable = byteLength === buffer.byteLength && isMarkedAsUntransferable?.(buffer) !== true;
    return isMovable ? pixels : new Uint8Array(pixels);
  });
  return transfer(
    moved,
    moved.map(({ buffer }) => buffer as ArrayBuffer),
  );
}
