/** A worker for tests that can be made to die. */
import { workerData } from 'node:worker_threads';
import { serveCalls, transfer } from '../../dist/threads/rpc.js';

serveCalls({
  open: (fails) => {
    if (fails) {
      throw new Error('cannot open');
    }
  },
  name: () => workerData.name,
  back: (bytes) => transfer(bytes, [bytes.buffer]),
  forever: () => new Promise(() => {}),
  die: () => {
    setImmediate(() => {
      throw new Error('killed by the test');
    });
    return new Promise(() => {});
  },
});
