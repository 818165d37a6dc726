/** Preloaded into a server by a test: lets its worker threads die when a file asks for it. */
import { unlinkSync } from 'node:fs';
import path from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

if (!isMainThread) {
  // The encoder's threads get a model, the store's thread nothing.
  const kind = workerData?.loaded === undefined ? 'store' : 'encoder';
  const order = path.join(process.env.KILL_ORDERS, kind);
  setInterval(() => {
    try {
      // Not rmSync: of two threads that see the file at the same moment, it lets both believe that they removed it.
      unlinkSync(order);
    } catch {
      return;
    }
    throw new Error(`the test killed a thread of the ${kind}`);
  }, 20).unref();
}
