import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeWindow } from '../../../src/onnx/shapes/window-shapes.js';
import type { Tensor } from '../../../src/onnx/tensor.js';
import { appendGradients } from '../../../src/training/autodiff/append-gradients.js';
import { appendDepthwise, type Window2d } from '../../../src/training/autodiff/depthwise.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { evaluate, mobileNet, noise, relativeError } from './helpers.js';

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

describe('depthwise convolution as matrix products', () => {
  it('matches Conv and its rule, forwards and for both gradients', async () => {
    const cases = fc.record({
      channels: fc.integer({ min: 1, max: 3 }),
      batch: fc.integer({ min: 1, max: 3 }),
      // both small images, mapped as a whole, and ones that are cut into blocks of rows
      size: fc.oneof(pair(3, 8), pair(11, 16)),
      kernel: fc.oneof(fc.constant([3, 3]), pair(1, 5)),
      strides: fc.oneof(fc.constant([1, 1]), pair(1, 2)),
      dilations: fc.oneof({ weight: 3, arbitrary: fc.constant([1, 1]) }, pair(1, 2)),
      begin: pair(0, 3),
      end: pair(0, 3),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ channels, batch, size, kernel, strides, dilations, begin, end }) => {
        const fits = size.every((n, i) => n + begin[i]! + end[i]! > (kernel[i]! - 1) * dilations[i]!);
        fc.pre(fits);
        const attributes = { kernel_shape: kernel, strides, dilations, pads: [...begin, ...end] };
        const g = new GraphBuilder();
        const x = g.parameter('x', noise(1, [batch, channels, ...size]));
        const w = g.parameter('w', noise(2, [channels, 1, ...kernel]));
        const plain = g.op('Conv', [x, w], { ...attributes, group: channels });
        const window = computeWindow(attributes, size, kernel) as Window2d;
        const fast = g.transpose(appendDepthwise(g, g.transpose(x, [1, 0, 2, 3]), w, window), [1, 0, 2, 3]);
        const dy = g.constant(noise(3, plain.shape));
        const values: Record<string, Parameters<typeof appendGradients>[2][number]> = { plain, fast };
        for (const [name, y] of Object.entries({ plain, fast })) {
          const found = appendGradients(g, new Map([[y, dy]]), [x, w]);
          values[`${name} dx`] = found.get(x)!;
          values[`${name} dw`] = found.get(w)!;
        }
        const results = await evaluate(g, values);
        for (const what of ['', ' dx', ' dw']) {
          const [a, b] = [results[`fast${what}`] as Tensor, results[`plain${what}`] as Tensor];
          expect(a.shape).toEqual(b.shape);
          expect(relativeError(a.data, b.data)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 150, seed: 4 },
    );
  });
});

describe('the tall layout', () => {
  it('changes neither the output of a network nor its gradients', async () => {
    const model = mobileNet();
    const trainable = new Set(
      [...model.initialisers.keys()].filter((name) => /(expand|depth|project)/.test(name)),
    );
    const results = [];
    for (const tallLayout of [false, true]) {
      const g = new GraphBuilder();
      const x = g.input('x', 'float32', [3, 3, 23, 23]);
      const y = (await importModel(g, model, { inputs: { x }, trainable, tallLayout })).get('y')!;
      const found = appendGradients(g, new Map([[y, g.constant(noise(9, y.shape))]]), [
        ...g.parameters.keys(),
      ]);
      const named = Object.fromEntries(
        [...found].map(([weight, gradient]) => [`d ${weight.name}`, gradient]),
      );
      results.push(await evaluate(g, { y, ...named }, { x: noise(7, x.shape) }));
    }
    const [plain, tall] = results as [Record<string, Tensor>, Record<string, Tensor>];
    expect(Object.keys(tall).length).toBe(1 + trainable.size);
    for (const [name, { data, shape }] of Object.entries(plain)) {
      expect(tall[name]?.shape).toEqual(shape);
      expect(relativeError(tall[name]?.data ?? [], data), name).toBeLessThan(1e-4);
    }
  });

  it('is not used if another kind of convolution is trained', async () => {
    const model = mobileNet();
    const transpositions = async (trainable: string[]) => {
      const g = new GraphBuilder();
      const x = g.input('x', 'float32', [2, 3, 16, 16]);
      await importModel(g, model, { inputs: { x }, trainable: new Set(trainable) });
      return g.nodes.filter(({ op }) => op === 'Transpose').length;
    };
    expect(await transpositions(['stem.weight', 'expand1.weight'])).toBe(0);
    expect(await transpositions(['expand1.weight'])).toBeGreaterThan(0);
  });
});
