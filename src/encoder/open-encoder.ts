/** Opens the encoder that a model card describes, in worker threads. */
import './no-telemetry.js';
import type { WorkerWatcher } from '../threads/restarting-worker.js';
import { Batcher } from './batcher.js';
import type { Encoder } from './encoder.js';
import { EncoderLanes } from './encoder-lanes.js';
import { loadCard, type ModelCard } from './model-card.js';

/**
 * Batch sizes of a server. Larger ones gain little, and their answers arrive in bursts that delay probes on the main
 * thread.
 */
const BATCH_SIZES = [1, 2, 4];
/** Batch sizes of bulk work in a process that answers no requests. */
const BULK_BATCH_SIZES = [1, 2, 4, 8];

export interface EncoderOptions extends WorkerWatcher {
  cardPath: string;
  /** Threads of all inferences together. */
  threads: number;
  /** Images that may wait before more are refused. */
  maxQueue: number;
  /** Favours throughput over latency: larger batches, and lanes that start the model when first needed. */
  bulk?: boolean;
}

export interface OpenedEncoder extends Encoder {
  readonly card: ModelCard;
}

/**
 * Verifies the model against its card and warms it up. With `bulk`, it is started by the first image, so that work which
 * embeds nothing does without it.
 *
 * @throws PawdexError model_invalid; with `bulk`, `embed` throws it if the model cannot be started
 */
export async function openEncoder(options: EncoderOptions): Promise<OpenedEncoder> {
  const { threads, maxQueue, bulk = false } = options;
  const loaded = await loadCard(options.cardPath);
  const { card, fingerprint } = loaded;
  const { dimension } = card.output;
  const lanes = new EncoderLanes(loaded, threads, options);
  await lanes.open(bulk ? 0 : 1 + lanes.count);
  const runBatch = async (images: Uint8Array[], lane: number, isNext: boolean) => {
    const rows = await lanes.run(images, lane, isNext);
    return images.map((_, i) => rows.slice(i * dimension, (i + 1) * dimension));
  };
  const sizes = bulk ? BULK_BATCH_SIZES : BATCH_SIZES;
  const batcher = new Batcher(runBatch, { sizes, maxQueue, lanes: lanes.count });
  const cells = new Batcher((images) => lanes.runCells(images), { sizes: [1], maxQueue });
  let closing: Promise<void> | null = null;
  return {
    card,
    info: {
      name: card.name,
      fingerprint,
      dimension,
      resize: { size: card.input.size, ...card.input.resize },
    },
    embed: (pixels, place) => batcher.add(pixels, place),
    embedCells: (pixels) => cells.add(pixels),
    get pending() {
      return batcher.pending + cells.pending;
    },
    close() {
      closing ??= Promise.all([batcher.close(), cells.close()]).then(() => lanes.close());
      return closing;
    },
  };
}
