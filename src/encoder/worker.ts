/** The one thread that owns ONNX Runtime: `session.run()` blocks the thread it is called on. */
import { workerData } from 'node:worker_threads';
import { serveCalls, transferring } from '../threads/rpc.js';
import type { LoadedCard } from './card.js';
import { type EncoderSession, openSession } from './session.js';

/** What the worker is started with. */
export interface EncoderWorkerData {
  loaded: LoadedCard;
  threads: number;
}

const { loaded, threads } = workerData as EncoderWorkerData;
let session: EncoderSession | null = null;

serveCalls({
  /** Loads the model and runs it once, so that the first request meets a warm session. */
  async open(warmUp: number[]): Promise<void> {
    session = await openSession(loaded, threads);
    const { size } = loaded.card.input;
    for (const n of warmUp)
      await session.run(Array.from({ length: n }, () => new Uint8Array(size * size * 3)));
  },
  async run(images: Uint8Array[]): Promise<unknown> {
    const rows = await session!.run(images);
    return transferring(rows, [rows.buffer as ArrayBuffer]);
  },
  async close(): Promise<void> {
    await session?.release();
    session = null;
  },
});
