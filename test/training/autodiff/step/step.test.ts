import { describe, expect, it } from 'vitest';
import { createIntTensor } from '../../../../src/onnx/tensor.js';
import { importModel } from '../../../../src/training/autodiff/import/import-model.js';
import type { Objective } from '../../../../src/training/autodiff/step/step-graphs.js';
import type { TrainingState } from '../../../../src/training/autodiff/step/training-state.js';
import { type StepOptions, TrainingStep } from '../../../../src/training/autodiff/step/training-step.js';
import { declareTemperature } from '../../../../src/training/losses/contrast.js';
import { appendProxyNca, appendSupCon } from '../../../../src/training/losses/contrastive-losses.js';
import { mobileNet, noise, relativeError } from '../helpers.js';

const BATCH = 8;
const model = mobileNet();
const trainable = new Set(
  [...model.initialisers.keys()].filter((name) => /(expand|depth|project)/.test(name)),
);

/** MobileNet with SupCon plus proxies under a learned temperature: weights on both sides of the embeddings. */
const objective: Objective = {
  async encoder(g, batch) {
    const x = g.input('x', 'float32', [batch, 3, 16, 16]);
    return (await importModel(g, model, { inputs: { x }, trainable })).get('y')!;
  },
  loss(g, embeddings) {
    const labels = g.input('labels', 'int64', [BATCH]);
    const proxies = g.parameter('proxies', noise(50, [3, 6]));
    const temperature = declareTemperature(g, 0.2);
    return g.add(
      appendSupCon(g, embeddings, labels, { temperature: 0.2 }),
      appendProxyNca(g, embeddings, proxies, labels, { temperature }),
    );
  },
};
const feeds = { x: noise(8, [BATCH, 3, 16, 16]), labels: createIntTensor([0, 0, 1, 1, 2, 2, 0, 1]) };
const optimiser = { weightDecay: 0.05, clipNorm: 0.5 };

async function train(steps: number, options: Partial<StepOptions> = {}, from?: TrainingState) {
  const step = await TrainingStep.create(objective, {
    batch: BATCH,
    optimiser,
    session: { threads: 2 },
    ...options,
  });
  if (from) {
    step.load(from);
  }
  const results = [];
  for (let i = 0; i < steps; i++) {
    results.push(await step.run(feeds, 3e-3));
  }
  const state = structuredClone(step.state);
  await step.close();
  return { results, state };
}

const bytes = (state: TrainingState) =>
  ['weights', 'm', 'v'].map((kind) =>
    Object.entries(state[kind as 'm']).map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer).toString('base64'),
    ]),
  );

describe('a training step', () => {
  it('lowers the loss', async () => {
    const { results, state } = await train(30);
    const losses = results.map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0));
    expect(results[0]?.embeddings.shape).toEqual([BATCH, 6]);
    expect(state.step).toBe(30);
  });

  it('is bit-identical for equal feeds, and after a state was stored and loaded', async () => {
    const [once, again] = [await train(6), await train(6)];
    expect(bytes(once.state)).toEqual(bytes(again.state));
    const resumed = await train(3, {}, (await train(3)).state);
    expect(bytes(resumed.state)).toEqual(bytes(once.state));
    expect(resumed.state.step).toBe(6);
  });

  it('in chunks takes the same step as the whole batch', async () => {
    const whole = await train(3);
    for (const chunk of [2, 4]) {
      const cached = await train(3, { chunk });
      for (const [i, { loss, gradientNorm, embeddings }] of whole.results.entries()) {
        expect(cached.results[i]?.loss).toBeCloseTo(loss, 4);
        expect((cached.results[i]?.gradientNorm ?? 0) / gradientNorm).toBeCloseTo(1, 4);
        expect(relativeError(cached.results[i]?.embeddings.data ?? [], embeddings.data)).toBeLessThan(1e-4);
      }
      for (const [name, { data }] of Object.entries(whole.state.m)) {
        expect(relativeError(cached.state.m[name]?.data ?? [], data), name).toBeLessThan(1e-4);
      }
    }
  });

  it('in chunks is bit-identical for equal feeds', async () => {
    const [once, again] = [await train(3, { chunk: 4 }), await train(3, { chunk: 4 })];
    expect(bytes(once.state)).toEqual(bytes(again.state));
  });

  it('clips the global norm of the gradients, and reports it unclipped', async () => {
    const [free, clipped] = [
      await train(1, { optimiser: {} }),
      await train(1, { optimiser: { clipNorm: 0.01 } }),
    ];
    expect(clipped.results[0]?.gradientNorm).toBeCloseTo(free.results[0]?.gradientNorm ?? 0, 6);
    // m after the first step is 0.1 times the gradient
    const norm = Math.sqrt(
      Object.values(clipped.state.m).reduce(
        (sum, { data }) => sum + Array.from(data, Number).reduce((s, v) => s + v * v, 0),
        0,
      ),
    );
    expect(norm).toBeCloseTo(0.001, 6);
  });

  it('supports rates per weight, and weights without decay', async () => {
    const perWeight = (name: string) => ({
      rate: name.startsWith('expand1') ? 0 : 1,
      decay: !name.endsWith('bias'),
    });
    const { state } = await train(2, { optimiser: { ...optimiser, perWeight } });
    const start = model.initialisers.get('expand1.weight')!.data;
    expect(state.weights['expand1.weight']?.data).toEqual(start);
    const decayed = (await train(2)).state.weights['project2.bias']!.data;
    expect(state.weights['project2.bias']?.data).not.toEqual(decayed);
  });

  it('refuses chunks that do not fill the batch, a missing input, and a state of another network', async () => {
    await expect(train(1, { chunk: 3 })).rejects.toThrow(expect.objectContaining({ code: 'config_invalid' }));
    const step = await TrainingStep.create(objective, { batch: BATCH });
    await expect(step.run({ x: feeds.x }, 1e-3)).rejects.toThrow('"labels" has no value');
    expect(step.state.step).toBe(0);
    const state = { step: 1, weights: {}, m: {}, v: {} };
    expect(() => step.load(state)).toThrow(expect.objectContaining({ code: 'model_invalid' }));
    await step.close();
  });
});
