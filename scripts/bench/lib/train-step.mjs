/**
 * One contrastive training step on noise, timed, in a process of its own so that its peak memory is its own: a child
 * process that {@link measureStep} starts.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as training from '../../../dist/training/index.js';
import { serve, startChild } from './child.mjs';
import { fromRoot } from './harness.mjs';

/** What is measured unless told otherwise: the last 12 of the 21 blocks of EfficientNet-Lite2. */
export const DEFAULTS = {
  backbone: 'models/backbone.onnx',
  trainable: String.raw`_blocks\.(9|1\d|20)\.|_conv_head`,
  size: '224',
  threads: '2',
  provider: 'cpu',
};

/** Steps at the start that are not counted: they allocate memory and choose kernels. */
export const WARM_UP = 2;

/** The encoder with the weights that `wanted` matches trainable, under SupCon: as many labels as pairs. */
function objectiveOf(model, wanted, size, batch) {
  const weights = [...model.initialisers].filter(
    ([name, { dtype }]) => dtype === 'float32' && wanted.test(name),
  );
  const trainable = new Set(weights.map(([name]) => name));
  const objective = {
    async encoder(g, count) {
      const pixels = g.input('pixels', 'float32', [count, 3, size, size]);
      const inputs = { [model.inputs[0].name]: pixels };
      return [...(await training.importModel(g, model, { inputs, trainable })).outputs.values()][0];
    },
    loss: (g, embeddings) =>
      training.appendSupCon(g, embeddings, g.input('labels', 'int64', [batch]), { temperature: 0.1 }),
  };
  return { objective, trainable };
}

/** Noise in [-1, 1) that train-vs-torch.py makes too, so that the losses can be compared. */
function feedsOf(batch, size) {
  const noise = (_, i) => (Math.imul(i, 2654435761) >>> 0) / 2 ** 31 - 1;
  return {
    pixels: {
      dtype: 'float32',
      shape: [batch, 3, size, size],
      data: Float32Array.from({ length: batch * 3 * size * size }, noise),
    },
    labels: training.createIntTensor(Array.from({ length: batch }, (_, i) => i >> 1)),
  };
}

const peakMb = () => process.resourceUsage().maxRSS / 1024;

async function measure({
  backbone,
  trainable: pattern,
  size,
  threads,
  batch,
  chunk,
  steps,
  profile,
  provider,
}) {
  const startMb = peakMb();
  const model = training.readModel(readFileSync(fromRoot(backbone)));
  const { objective, trainable } = objectiveOf(model, new RegExp(pattern), size, batch);
  const step = await training.TrainingStep.create(objective, {
    batch,
    ...(chunk < batch ? { chunk } : {}),
    optimiser: { weightDecay: 0.05, clipNorm: 1 },
    session: { threads, provider, ...(profile ? { profile } : {}) },
  });
  const feeds = feedsOf(batch, size);
  const ms = [];
  let loss = 0;
  for (let i = 0; i < steps; i += 1) {
    const start = performance.now();
    ({ loss } = await step.run(feeds, 1e-5));
    ms.push(performance.now() - start);
  }
  await step.close();
  return { weights: trainable.size, loss, ms, startMb, peakMb: peakMb() };
}

/**
 * Takes training steps in a process of their own.
 *
 * @param options {@link DEFAULTS}, with `batch`, `steps` and, where the batch goes through the network in parts
 *   (gradient caching), `chunk`
 * @returns `ms` per step, the `loss` before the last update, and the process's memory before the first step and at its peak
 */
export async function measureStep({ size, threads, batch, chunk, steps, ...rest }) {
  const child = startChild(fileURLToPath(import.meta.url));
  try {
    const numbers = {
      size: +size,
      threads: +threads,
      batch: +batch,
      chunk: +(chunk ?? batch),
      steps: +steps,
    };
    return await child.call('measure', { ...rest, ...numbers });
  } finally {
    await child.stop();
  }
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  serve({ measure });
}
