/** A thread that owns a session of ONNX Runtime: `session.run()` blocks the thread it is called on. */
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

/** What the worker is started with. */
export interface EncoderWorkerData {
  loaded: LoadedCard;
  threads: number;
  /** How far its threads stand back for others, 0 to 19; Linux only. */
  niceness: number;
}

const { loaded, threads, niceness } = workerData as EncoderWorkerData;
let session: EncoderSession | null = null;
let cellSession: Promise<CellSession> | null = null;

/**
 * Lets the thread that answers HTTP go first where every core is busy: a probe then waits for its turn among the
 * others, not behind a whole batch. The threads that ONNX Runtime starts inherit the priority. Linux only, where
 * a thread has a priority of its own; elsewhere the whole process would get it.
 */
function yieldToOthers(): void {
  if (process.platform !== 'linux') {
    return;
  }
  const thread = Number(path.basename(readlinkSync('/proc/thread-self')));
  // Raising it again, where the whole process was started with a lower one, is not permitted to ordinary users.
  if (os.getPriority(thread) < niceness) {
    os.setPriority(thread, niceness);
  }
}
yieldToOthers();

const calls = {
  /** Loads the model and runs it once, so that the first request meets a warm session. */
  async open(warmUp: number[]): Promise<void> {
    session = await openSession(loaded, threads);
    const { size } = loaded.card.input;
    for (const n of warmUp) {
      await session.run(Array.from({ length: n }, () => new Uint8Array(size * size * 3)));
    }
  },
  async run(images: Uint8Array[]): Promise<Transferred<Float32Array>> {
    const rows = await session!.run(images);
    return transfer(rows, [rows.buffer as ArrayBuffer]);
  },
  /** Opens the second session at the first call: who asks for no explanation pays nothing for it. */
  async runCells(images: Uint8Array[]): Promise<Transferred<CellEmbedding[]>> {
    cellSession ??= openCellSession(loaded, threads);
    const { run } = await cellSession.catch((error) => {
      // What the model cannot do it will not learn; anything else may pass.
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
    // One that could not be opened holds nothing.
    await cellSession?.then((open) => open.release()).catch(() => {});
    session = null;
    cellSession = null;
  },
};

/** The calls that the thread answers. */
export type EncoderCalls = typeof calls;

serveCalls(calls);
