/**
 * Times contrastive training steps on noise. {@link measureStep} runs them in a child process, so that its peak memory is
 * that of the steps.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readModel } from '../../../dist/onnx/onnx-model.js';
import { createIntTensor } from '../../../dist/onnx/tensor.js';
import { importModel } from '../../../dist/training/autodiff/import/import-model.js';
import { TrainingStep } from '../../../dist/training/autodiff/step/training-step.js';
import { appendSupCon } from '../../../dist/training/losses/contrastive-losses.js';
import { fromRoot } from '../../lib/options.mjs';
import { serve, startChild } from './child.mjs';

/** Measured by default: the last 12 of the 21 blocks of EfficientNet-Lite2. */
export const DEFAULTS = {
  backbone: 'models/backbone.onnx',
  trainable: String.raw`_blocks\.(9|1\d|20)\.|_conv_head`,
  size: '224',
  threads: '2',
  provider: 'cpu',
};

/** The first steps are not counted, since they allocate memory and choose kernels. */
export const WARM_UP = 2;

/** Builds the encoder with SupCon, one label per pair. Weights whose name matches `wanted` are trained. */
function objectiveOf(model, wanted, size, batch) {
  const weights = [...model.initialisers].filter(
    ([name, { dtype }]) => dtype === 'float32' && wanted.test(name),
  );
  const trainable = new Set(weights.map(([name]) => name));
  const objective = {
    async encoder(g, count) {
      const pixels = g.input('pixels', 'float32', [count, 3, size, size]);
      const inputs = { [model.inputs[0].name]: pixels };
      return [...(await importModel(g, model, { inputs, trainable })).values()][0];
    },
    loss: (g, embeddings) =>
      appendSupCon(g, embeddings, g.input('labels', 'int64', [batch]), { temperature: 0.1 }),
  };
  return { objective, trainable };
}

/** Generates the same noise in [-1, 1) as train-vs-torch.py, so that the losses can be compared. */
function feedsOf(batch, size) {
  const noise = (_, i) => (Math.imul(i, 2654435761) >>> 0) / 2 ** 31 - 1;
  return {
    pixels: {
      dtype: 'float32',
      shape: [batch, 3, size, size],
      data: Float32Array.from({ length: batch * 3 * size * size }, noise),
    },
    labels: createIntTensor(Array.from({ length: batch }, (_, i) => i >> 1)),
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
  const model = readModel(readFileSync(fromRoot(backbone)));
  const { objective, trainable } = objectiveOf(model, new RegExp(pattern), size, batch);
  const step = await TrainingStep.create(objective, {
    batch,
    ...(chunk < batch ? { chunk } : {}),
    optimiser: { weightDecay: 0.05, clipNorm: 1 },
    session: { threads, provider, ...(profile ? { profile } : {}) },
  });
  const feeds = feedsOf(batch, size);
  const ms = [];
  let loss = 0;
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    ({ loss } = await step.run(feeds, 1e-5));
    ms.push(performance.now() - start);
  }
  await step.close();
  return { weights: trainable.size, loss, ms, startMb, peakMb: peakMb() };
}

/**
 * Runs training steps in a child process.
 *
 * @param options {@link DEFAULTS}, with `batch`, `steps` and, where the batch goes through the network in parts
 *   (gradient caching), `chunk`
 * @returns `ms` per step, the `loss` before the last update, and the memory of the process before the first step and at its
 *   peak
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
