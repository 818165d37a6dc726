import { describe, expect, it } from 'vitest';
import { asFloat, type Model, type ModelNode } from '../../../src/onnx/onnx-model.js';
import { createFloatTensor, createIntTensor, type Tensor } from '../../../src/onnx/tensor.js';
import { appendGradients } from '../../../src/training/autodiff/append-gradients.js';
import { checkGradients } from '../../../src/training/autodiff/check-gradients.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { node } from './helpers.js';

function modelOf(nodes: ModelNode[], initialisers: Record<string, Tensor> = {}, opset = 17): Model {
  return {
    opset,
    nodes,
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 4] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
    initialisers: new Map(Object.entries(initialisers)),
  };
}

const ramp = (...shape: number[]) =>
  createFloatTensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
    shape,
  );

async function run(model: Model, x: Tensor, { trainable = [] }: { trainable?: string[] } = {}) {
  const g = new GraphBuilder();
  const outputs = await importModel(g, model, {
    inputs: { x: g.input('x', 'float32', x.shape) },
    trainable: new Set(trainable),
  });
  const y = outputs.get('y');
  if (!y) {
    throw new Error('no output');
  }
  g.output('y', y);
  const session = await GraphSession.open(g.toBytes(), { threads: 1 });
  const feeds = Object.fromEntries([...g.parameters].map(([value, tensor]) => [value.name, tensor]));
  const result = await session.run({ ...feeds, x });
  await session.close();
  return { g, outputs, y, result: result.y as Tensor };
}

describe('importing a model', () => {
  it('makes shapes static that the model computes at runtime', async () => {
    // reshape(x, [shape(x)[0], -1, 2]) as PyTorch writes it
    const model = modelOf(
      [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'zero'], ['n'], { axis: 0 }),
        node('Unsqueeze', ['n', 'axes'], ['n1']),
        node('Concat', ['n1', 'rest'], ['shape'], { axis: 0 }),
        node('Reshape', ['x', 'shape'], ['y']),
      ],
      { zero: createIntTensor([0], []), axes: createIntTensor([0]), rest: createIntTensor([-1, 2]) },
    );
    const { y, g } = await run(model, ramp(3, 4));
    expect(y.shape).toEqual([3, 2, 2]);
    expect(g.nodes.map((n) => n.op)).toEqual(['Reshape']);
  });

  it('reads axes from the attributes of older operator sets', async () => {
    const nodes = [
      node('Unsqueeze', ['x'], ['u'], { axes: [1] }),
      node('ReduceSum', ['u'], ['r'], { axes: [-1], keepdims: 1 }),
      node('Squeeze', ['r'], ['y'], { axes: [1] }),
    ];
    const { result } = await run(modelOf(nodes, {}, 11), createFloatTensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]));
    expect(result).toEqual(createFloatTensor([10, 26], [2, 1]));
  });

  it('refuses to concatenate tensors that differ along another axis', async () => {
    const model = modelOf([node('Concat', ['x', 'w'], ['y'], { axis: 1 })], { w: ramp(3, 4) });
    await expect(run(model, ramp(2, 4))).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/Concat.*\[2,4\] and \[3,4\] along axis 1/),
    });
  });

  it('evaluates unknown operators, and names them if a gradient must pass', async () => {
    const model = modelOf([node('MatMul', ['x', 'w'], ['m']), node('Sinh', ['m'], ['y'])], { w: ramp(4, 4) });
    const { result } = await run(model, ramp(2, 4));
    expect(result.shape).toEqual([2, 4]);
    const { g, y } = await run(model, ramp(2, 4), { trainable: ['w'] });
    const weights = [...g.parameters.keys()];
    expect(() => appendGradients(g, new Map([[y, y]]), weights)).toThrow(
      expect.objectContaining({
        code: 'operator_not_differentiable',
        detail: expect.stringContaining('Sinh "y"'),
        hint: expect.stringContaining('(w)'),
      }),
    );
  });

  it('needs no rule if everything before an operator is frozen', async () => {
    const model = modelOf([node('Sinh', ['x'], ['h']), node('MatMul', ['h', 'w'], ['y'])], { w: ramp(4, 2) });
    const { g, y } = await run(model, ramp(2, 4), { trainable: ['w'] });
    const [check] = await checkGradients(g, { objective: y, feeds: { x: ramp(2, 4) } });
    expect(check?.relativeError).toBeLessThan(1e-3);
  });

  it('passes the gradient to every branch', async () => {
    const nodes = [node('Mul', ['x', 'w'], ['a']), node('Exp', ['a'], ['b']), node('Mul', ['a', 'b'], ['y'])];
    const { g, y } = await run(modelOf(nodes, { w: ramp(4) }), ramp(2, 4), { trainable: ['w'] });
    const [check] = await checkGradients(g, { objective: y, feeds: { x: ramp(2, 4) } });
    expect(check?.relativeError).toBeLessThan(1e-3);
  });

  it('refuses what it cannot import, with the reason', async () => {
    const invalid = (detail: string) =>
      expect.objectContaining({ code: 'model_invalid', detail: expect.stringContaining(detail) });
    await expect(run(modelOf([node('Relu', ['gone'], ['y'])]), ramp(1, 4))).rejects.toThrow(
      invalid('"gone"'),
    );
    await expect(run(modelOf([node('Relu', ['x'], ['z'])]), ramp(1, 4))).rejects.toThrow(invalid('"y"'));
    await expect(run(modelOf([node('NoSuchOp', ['x'], ['y'])]), ramp(1, 4))).rejects.toThrow(
      invalid('NoSuchOp'),
    );
    await expect(run(modelOf([node('Relu', ['x'], ['y'])], {}, 9), ramp(1, 4))).rejects.toThrow(
      invalid('operator set 9'),
    );
    const wrong = modelOf([node('MatMul', ['x', 'w'], ['y'])], { w: ramp(3, 3) });
    await expect(run(wrong, ramp(1, 4))).rejects.toThrow(invalid('[1,4], [3,3]'));
    await expect(run(wrong, ramp(1, 4), { trainable: ['v'] })).rejects.toThrow(invalid('"v"'));
  });
});

describe('batch normalisation', () => {
  const model = modelOf(
    [node('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'var'], ['y'], { epsilon: asFloat(1e-3) })],
    {
      scale: createFloatTensor([1, 2, 3, 4]),
      bias: createFloatTensor([0, 1, 0, -1]),
      mean: createFloatTensor([0.1, 0.2, 0.3, 0.4]),
      var: createFloatTensor([1, 2, 3, 4]),
    },
  );
  const inTraining = {
    ...model,
    nodes: model.nodes.map((each) => ({ ...each, attributes: { ...each.attributes, training_mode: 1 } })),
  };
  const x = ramp(6, 4);
  const trainable = ['scale', 'bias'];

  it('uses the stored statistics when frozen', async () => {
    const { result } = await run(model, x);
    const expected = Array.from(x.data as Float32Array, (value, i) => {
      const c = i % 4;
      return ((value - 0.1 * (c + 1)) / Math.sqrt(c + 1 + 1e-3)) * (c + 1) + ([0, 1, 0, -1][c] ?? 0);
    });
    expect(Math.max(...expected.map((value, i) => Math.abs(value - Number(result.data[i]))))).toBeLessThan(
      1e-5,
    );
  });

  it('is refused in training mode, with what to do', async () => {
    await expect(run(inTraining, x, { trainable })).rejects.toMatchObject({
      code: 'model_invalid',
      hint: expect.stringContaining('inference mode'),
    });
  });
});
