/** Opens the encoder a model card describes, in worker threads of its own. */
import './no-telemetry.js';
import { DeathCount, RestartingWorker, type WorkerWatcher } from '../threads/restarting-worker.js';
import { transferring } from '../threads/rpc.js';
import { Batcher } from './batcher.js';
import { loadCard, type ModelCard } from './card.js';
import type { Encoder } from './encoder.js';
import { BATCH_SIZES, BULK_BATCH_SIZES, MOST_LANES } from './encoder-session.js';
import type { EncoderCalls, EncoderWorkerData } from './worker.js';

/** Settings of {@link openEncoder}. */
export interface EncoderOptions extends WorkerWatcher {
  /** Path of the model card. */
  cardPath: string;
  /** Threads of all inferences together. */
  threads: number;
  /** Images that may wait before more are refused. */
  maxQueue: number;
  /** Larger batches, and lanes opened when they are first needed: more images a second, none of them soon. */
  bulk?: boolean;
}

/** An {@link Encoder} with the card it was opened from. */
export interface OpenedEncoder extends Encoder {
  readonly card: ModelCard;
}

/**
 * Niceness of the encoder's threads: below that of the main thread, which answers HTTP, and lower still where lanes
 * compute. A lone urgent image is computed by all threads together, beside the lanes if these do bulk work: with nine
 * times their weight it gets nearly all of the cores.
 */
const NICENESS_TOGETHER = 1;
const NICENESS_LANE = 10;

/**
 * Loads the model, verifies it against its card and warms it up.
 *
 * @throws PawdexError model_invalid
 */
export async function openEncoder(options: EncoderOptions): Promise<OpenedEncoder> {
  const loaded = await loadCard(options.cardPath);
  const { card, fingerprint } = loaded;
  const deaths = new DeathCount();
  // A lane each for the threads, but for one alone, which has nobody to wait for.
  const lanes = options.threads === 1 ? 0 : Math.min(options.threads, MOST_LANES);
  /** With all threads, then the lanes: the worker once its session is open. */
  const workers: (Promise<RestartingWorker<EncoderCalls>> | undefined)[] = [];
  const start = async (lane: number) => {
    const threads = lane === 0 ? options.threads : Math.floor(options.threads / lanes);
    const niceness = lane === 0 ? NICENESS_TOGETHER : NICENESS_LANE;
    try {
      return await RestartingWorker.start<EncoderCalls>({
        entry: new URL('./worker.js', import.meta.url),
        workerData: { loaded, threads, niceness } satisfies EncoderWorkerData,
        open: ({ calls }) => calls.open([1]),
        deaths,
        watcher: options,
      });
    } catch (error) {
      // The next who needs the lane tries again.
      workers[lane] = undefined;
      throw error;
    }
  };
  const workerOf = (lane: number) => {
    workers[lane] ??= start(lane);
    return workers[lane];
  };
  const each = (work: (worker: RestartingWorker<EncoderCalls>) => Promise<unknown>) =>
    Promise.all(workers.map(async (worker) => worker && work(await worker)));
  const { dimension } = card.output;
  const first = options.bulk ? 1 : 1 + lanes;
  const opening = await Promise.allSettled(Array.from({ length: first }, (_, lane) => workerOf(lane)));
  const failed = opening.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await each((worker) => worker.terminate());
    throw failed.reason;
  }
  const moving = (images: Uint8Array[]) => {
    // Copied: Node pools small buffers, and since version 21 refuses to move those that sharp allocated.
    const copies = images.map((pixels) => new Uint8Array(pixels));
    return transferring(
      copies,
      copies.map((copy) => copy.buffer),
    );
  };
  const batcher = new Batcher(
    async (images, lane) => {
      const { calls } = await workerOf(lane);
      const rows = await calls.run(moving(images));
      return images.map((_, i) => rows.slice(i * dimension, (i + 1) * dimension));
    },
    { sizes: options.bulk ? BULK_BATCH_SIZES : BATCH_SIZES, maxQueue: options.maxQueue, lanes },
  );
  const cells = new Batcher(async (images) => (await workerOf(0)).calls.runCells(moving(images)), {
    sizes: [1],
    maxQueue: options.maxQueue,
  });
  let closing: Promise<void> | null = null;
  return {
    card,
    info: {
      name: card.name,
      fingerprint,
      dimension,
      resize: { size: card.input.size, ...card.input.resize },
    },
    embed: (pixels, urgency) => batcher.add(pixels, urgency),
    embedCells: (pixels) => cells.add(pixels),
    get pending() {
      return batcher.pending + cells.pending;
    },
    close() {
      closing ??= Promise.all([batcher.close(), cells.close()])
        .then(() => each(({ calls }) => calls.close()))
        .finally(() => each((worker) => worker.terminate()))
        .then(() => undefined);
      return closing;
    },
  };
}
