import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFloatTensor, createIntTensor, type Tensor } from '../../../src/onnx/tensor.js';
import { appendGradients } from '../../../src/training/autodiff/append-gradients.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { TrainingStep } from '../../../src/training/autodiff/step/training-step.js';
import { appendSupCon } from '../../../src/training/losses/contrastive-losses.js';
import { evaluate, relativeError } from './helpers.js';
import { mobile, type Network, residual, transformer } from './networks.js';

interface Flat {
  shape: number[];
  data: number[];
}

/** What scripts/training/fixtures.py wrote. */
interface Fixture {
  temperature: number;
  labels: number[];
  optimiser: { learningRate: number; weightDecay: number; clipNorm: number };
  x: Flat;
  weights: Record<string, Flat>;
  loss: number;
  embeddings: Flat;
  gradients: Record<string, Flat>;
  losses: number[];
  after: Record<string, Flat>;
}

const tensorOf = ({ shape, data }: Flat): Tensor => createFloatTensor(data, shape);

describe.each(Object.entries({ mobile, residual, transformer } satisfies Record<string, Network>))(
  'the %s network against PyTorch',
  (name, network) => {
    const file = new URL(`../../fixtures/training/${name}.json`, import.meta.url);
    const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture;
    const { temperature } = fixture;
    const weights = Object.fromEntries(
      Object.entries(fixture.weights).map(([key, flat]) => [key, tensorOf(flat)]),
    );
    const x = tensorOf(fixture.x);

    it('has the same embeddings, loss and gradients', async () => {
      const g = new GraphBuilder();
      const embeddings = await network(g, g.input('x', 'float32', x.shape), weights);
      const loss = appendSupCon(g, embeddings, g.integers(fixture.labels), { temperature });
      const found = appendGradients(g, new Map([[loss, g.scalar(1)]]), [...g.parameters.keys()]);
      const named = Object.fromEntries(
        [...found].map(([weight, gradient]) => [`d ${weight.name}`, gradient]),
      );
      const results = await evaluate(g, { loss, embeddings, ...named }, { x });
      expect(Math.abs(Number(results.loss?.data[0]) - fixture.loss)).toBeLessThan(1e-4);
      expect(relativeError(results.embeddings?.data ?? [], fixture.embeddings.data)).toBeLessThan(1e-4);
      expect(Object.keys(named).length).toBe(Object.keys(fixture.gradients).length);
      const norm = Math.hypot(...Object.values(fixture.gradients).flatMap(({ data }) => data));
      for (const [weight, { shape, data }] of Object.entries(fixture.gradients)) {
        const gradient = results[`d ${weight}`];
        expect(gradient?.shape).toEqual(shape);
        // Weights the loss does not depend on (a bias before a normalisation) have noise for a gradient.
        if (Math.hypot(...data) < 1e-6 * norm) {
          continue;
        }
        expect(relativeError(gradient?.data ?? [], data), weight).toBeLessThan(1e-3);
      }
    });

    it('takes the same ten AdamW steps', async () => {
      const { learningRate, ...optimiser } = fixture.optimiser;
      const step = await TrainingStep.create(
        {
          encoder: (g, batch) => network(g, g.input('x', 'float32', [batch, ...x.shape.slice(1)]), weights),
          loss: (g, z) => appendSupCon(g, z, g.input('labels', 'int64', [z.shape[0] ?? 0]), { temperature }),
        },
        { batch: fixture.labels.length, optimiser },
      );
      for (const expected of fixture.losses) {
        const { loss } = await step.run({ x, labels: createIntTensor(fixture.labels) }, learningRate);
        expect(Math.abs(loss - expected)).toBeLessThan(1e-4);
      }
      for (const [weight, { data }] of Object.entries(fixture.after)) {
        // AdamW divides a gradient by its own size: where it is zero but for rounding (the bias of attention's
        // keys), the step is +-rate by chance on either side.
        const determined = (_: unknown, i: number) =>
          Math.abs(fixture.gradients[weight]?.data[i] ?? 0) > 1e-9;
        const ours = Array.from(step.state.weights[weight]?.data ?? [], Number);
        expect(relativeError(ours.filter(determined), data.filter(determined)), weight).toBeLessThan(1e-3);
      }
      await step.close();
    });
  },
);
