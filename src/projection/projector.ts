/** Projects vectors in a thread that lives as long as there is work, one set at a time. */
import { PawdexError } from '../errors.js';
import { transfer, WorkerClient } from '../threads/rpc.js';
import type { ProjectionCalls } from './projection-worker.js';

/** Memory of the thread: half as much again as 10,000 points need. With room to spare, it would take twice as much. */
const LIMITS = { maxOldGenerationSizeMb: 320, maxYoungGenerationSizeMb: 16 };

export class Projector {
  #worker: WorkerClient<ProjectionCalls> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /**
   * See `projectToPlane`.
   *
   * @param data float32 [rows, dimension]; moved away
   * @returns float32 [rows, 2], within -0.5..0.5
   * @throws PawdexError worker_failed, shutting_down
   */
  project(data: Float32Array<ArrayBuffer>, dimension: number): Promise<Float32Array> {
    const result = this.#last.then(() => this.#run(data, dimension));
    this.#last = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  async #run(data: Float32Array<ArrayBuffer>, dimension: number): Promise<Float32Array> {
    if (this.#isClosed) {
      throw new PawdexError('shutting_down');
    }
    const entry = new URL('./projection-worker.js', import.meta.url);
    const worker = new WorkerClient<ProjectionCalls>(entry, null, () => {}, LIMITS);
    this.#worker = worker;
    try {
      return await worker.calls.project(transfer(data, [data.buffer]), dimension);
    } finally {
      await worker.terminate();
      this.#worker = null;
    }
  }
}
