/** Thread that owns a session of ONNX Runtime, since `session.run()` blocks the calling thread. */
import { readlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { workerData } from 'node:worker_threads';
import { asPawdexError } from '../errors.js';
import { serveCalls, type Transferred, transfer } from '../threads/rpc.js';
import { type CellSession, openCellSession } from './cells/cell-session.js';
import type { CellEmbedding } from './encoder.js';
import { type EncoderSession, openSession } from './encoder-session.js';
import type { LoadedCard } from './model-card.js';

export interface EncoderWorkerData {
  loaded: LoadedCard;
  threads: number;
  /** Niceness of its threads, 0 to 19; Linux only. */
  niceness: number;
}

const { loaded, threads, niceness } = workerData as EncoderWorkerData;
let session: EncoderSession | null = null;
let cellSession: Promise<CellSession> | null = null;

/**
 * Lowers the priority of this thread, so that the thread that answers HTTP goes first when every core is busy. The
 * threads that ONNX Runtime starts inherit the priority. Linux only: elsewhere a priority applies to the whole
 * process.
 */
function lowerPriority(): void {
  if (process.platform !== 'linux') {
    return;
  }
  const thread = Number(path.basename(readlinkSync('/proc/thread-self')));
  // Raising the priority is not permitted, in case the whole process was started with a lower one.
  if (os.getPriority(thread) < niceness) {
    os.setPriority(thread, niceness);
  }
}
lowerPriority();

/** Batches that wait for the one in progress. */
const waiting: (() => void)[] = [];
let isBusy = false;

/** Runs batches one by one. @param isNext whether it goes before those that wait */
async function runInTurn<T>(isNext: boolean, run: () => Promise<T>): Promise<T> {
  if (isBusy) {
    await new Promise<void>((resolve) => {
      if (isNext) {
        waiting.unshift(resolve);
      } else {
        waiting.push(resolve);
      }
    });
  }
  isBusy = true;
  try {
    return await run();
  } finally {
    // Calls that were sent while the thread was blocked arrive first.
    setImmediate(() => {
      isBusy = waiting.length > 0;
      waiting.shift()?.();
    });
  }
}

const calls = {
  /** Loads the model and runs it once, so that the first request meets a warm session. */
  async open(): Promise<void> {
    session = await openSession(loaded, threads);
    const { size } = loaded.card.input;
    await session.run([new Uint8Array(size * size * 3)]);
  },
  async run(images: Uint8Array[], isNext: boolean): Promise<Transferred<Float32Array>> {
    const rows = await runInTurn(isNext, () => session!.run(images));
    return transfer(rows, [rows.buffer as ArrayBuffer]);
  },
  /** Opens the second session at the first call, so that it costs nothing if nobody asks for explanations. */
  async runCells(images: Uint8Array[]): Promise<Transferred<CellEmbedding[]>> {
    cellSession ??= openCellSession(loaded, threads);
    const { run } = await cellSession.catch((error) => {
      // A model that cannot explain never will. Other errors may be temporary.
      if (asPawdexError(error).code !== 'explain_unavailable') {
        cellSession = null;
      }
      throw error;
    });
    const embeddings = [];
    for (const pixels of images) {
      embeddings.push(await run(pixels));
    }
    const buffers = embeddings.flatMap(({ embedding, cells }) => [embedding.buffer, cells.buffer]);
    return transfer(embeddings, buffers as ArrayBuffer[]);
  },
  async close(): Promise<void> {
    await session?.release();
    // A session that failed to open has nothing to release.
    await cellSession?.then((open) => open.release()).catch(() => {});
    session = null;
    cellSession = null;
  },
};

export type EncoderCalls = typeof calls;

serveCalls(calls);
