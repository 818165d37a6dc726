import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src/onnx/onnx-model.js';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { checkGradients } from '../../../src/training/autodiff/check-gradients.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { noise } from './helpers.js';

describe('checkGradients', () => {
  it('finds a wrong gradient', async () => {
    const g = new GraphBuilder();
    const x = g.parameter('x', noise(1, [4]));
    const good = g.parameter('good', noise(2, [4]));
    // a composite whose rule forgets a factor of two
    const square = g.composite(
      'Square',
      [x],
      () => g.mul(x, x),
      ({ dy }) => [g.mul(dy, x)],
    );
    const checks = await checkGradients(g, { objective: g.add(square, g.exp(good)) });
    expect(checks.map(({ name }) => name)).toEqual(['x', 'good']);
    expect(checks[0]?.relativeError).toBeCloseTo(0.5, 2);
    expect(checks[1]?.relativeError).toBeLessThan(1e-3);
  });

  it('finds a gradient that is wrong in one part of a large weight', async () => {
    const g = new GraphBuilder();
    const x = g.parameter('x', noise(1, [20, 20]));
    const mask = createFloatTensor(
      Array.from({ length: 400 }, (_, i) => (i < 100 ? 0 : 1)),
      [20, 20],
    );
    const part = g.composite(
      'Exp',
      [x],
      () => g.exp(x),
      ({ dy, y }) => [g.mul(g.mul(dy, y), g.constant(mask))],
    );
    const [check] = await checkGradients(g, { objective: part });
    expect(check?.relativeError).toBeGreaterThan(0.05);
  });

  it('reports a weight the objective does not depend on', async () => {
    const g = new GraphBuilder();
    const used = g.parameter('used', noise(1, [3]));
    g.parameter('unused', noise(2, [3]));
    const checks = await checkGradients(g, { objective: g.sumAll(g.tanh(used)) });
    expect(checks[1]).toMatchObject({ name: 'unused', relativeError: 0, norm: 0 });
  });
});

const weights = '../shared/weights/efficientnet-lite2.onnx';
describe.skipIf(!existsSync(weights))('EfficientNet-Lite2 (needs ../shared/weights)', () => {
  it('has sound gradients in its last two blocks and head', async () => {
    const model = readModel(readFileSync(weights));
    const names = [...model.initialisers.keys()].filter((name) => /_blocks\.(19|20)\.|_conv_head/.test(name));
    const g = new GraphBuilder();
    const x = g.input('pixels', 'float32', [2, 3, 96, 96]);
    const imported = await importModel(g, model, { inputs: { pixel_values: x }, trainable: new Set(names) });
    const objective = imported.get('embedding');
    if (!objective) {
      throw new Error('no embedding');
    }
    const checks = await checkGradients(g, {
      objective,
      feeds: { pixels: noise(3, x.shape) },
      elementwiseUpTo: 0,
      directions: 1,
    });
    expect(checks.length).toBe(14);
    // float32 through seven kinked layers agrees to about 1e-2; a wrong rule is off by much more.
    for (const { name, relativeError } of checks) {
      expect(relativeError, name).toBeLessThan(2e-2);
    }
  });
});
