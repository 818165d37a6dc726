/** A worker thread with its own session. Answers { batch, seconds } with the images it embedded per second. */
import { parentPort, workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { createFeed } from '../../../dist/encoder/encoder-session.js';

const { modelPath, input, pixels, threads, intraOp } = workerData;
const session = await ort.InferenceSession.create(modelPath, {
  executionProviders: ['cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  extra: { session: { intra_op: intraOp } },
});

parentPort.on('message', async ({ batch, seconds, end }) => {
  if (end) {
    await session.release();
    parentPort.close();
    return;
  }
  const feed = { [input.name]: createFeed(input, new Array(batch).fill(pixels)) };
  await session.run(feed);
  const started = performance.now();
  let images = 0;
  while (performance.now() - started < seconds * 1000) {
    await session.run(feed);
    images += batch;
  }
  parentPort.postMessage(images / ((performance.now() - started) / 1000));
});
