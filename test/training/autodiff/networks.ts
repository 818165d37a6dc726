/** The networks of scripts/training/fixtures.py, written with this project's graphs. */

import { asFloat, type Model } from '../../../src/onnx/onnx-model.js';
import type { Value } from '../../../src/onnx/onnx-values.js';
import { createFloatTensor, type Tensor } from '../../../src/onnx/tensor.js';
import type { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { node } from './helpers.js';

type Weights = Record<string, Tensor>;

/** Appends a network to a graph. @param x float32 [N, 3, S, S] @returns embeddings [N, D] */
export type Network = (g: GraphBuilder, x: Value, weights: Weights) => Promise<Value>;

/** Inverted residuals with squeeze-and-excite, as an imported model. */
export const mobile: Network = async (g, x, weights) => {
  const conv = (from: string, to: string, name: string, attributes = {}) =>
    node('Conv', [from, `${name}.w`, `${name}.b`], [to], attributes);
  const six = ['zero', 'six'];
  const model: Model = {
    opset: 17,
    inputs: [{ name: 'x', dtype: 'float32', shape: x.shape }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
    initialisers: new Map(
      Object.entries({ ...weights, zero: createFloatTensor([0], []), six: createFloatTensor([6], []) }),
    ),
    nodes: [
      conv('x', 'a', 'stem', { strides: [2, 2], pads: [0, 0, 1, 1] }),
      node('Clip', ['a', ...six], ['stem']),
      conv('stem', 'e', 'expand'),
      node('Sigmoid', ['e'], ['es']),
      node('Mul', ['e', 'es'], ['swish']),
      conv('swish', 'd', 'depth', { pads: [1, 1, 1, 1], group: 8 }),
      node('HardSwish', ['d'], ['h']),
      node('ReduceMean', ['h'], ['mean'], { axes: [2, 3], keepdims: 1 }),
      conv('mean', 's1', 'squeeze'),
      node('Relu', ['s1'], ['s2']),
      conv('s2', 's3', 'excite'),
      node('HardSigmoid', ['s3'], ['gate'], { alpha: asFloat(1 / 6), beta: asFloat(0.5) }),
      node('Mul', ['h', 'gate'], ['gated']),
      conv('gated', 'p', 'project'),
      node('Add', ['stem', 'p'], ['block']),
      conv('block', 'd2', 'depth2', { strides: [2, 2], pads: [2, 2, 2, 2], group: 4 }),
      conv('d2', 'top', 'head'),
      node('Clip', ['top', ...six], ['top6']),
      node('GlobalAveragePool', ['top6'], ['pool']),
      node('Flatten', ['pool'], ['y'], { axis: 1 }),
    ],
  };
  const trainable = new Set(Object.keys(weights));
  return (await importModel(g, model, { inputs: { x }, trainable })).get('y') as Value;
};

/**
 * Normalises each channel over the batch and all positions.
 *
 * @param x float32 [N, C, ...]
 * @param scale float32 [C]
 * @param bias float32 [C]
 * @returns [N, C, ...]
 */
function appendBatchNorm(g: GraphBuilder, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  const perChannel = [x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)];
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = g.reduceMean(x, axes);
  const centred = g.sub(x, mean);
  const variance = g.reduceMean(g.square(centred), axes);
  const factor = g.div(g.reshape(scale, perChannel), g.sqrt(g.add(variance, epsilon)));
  return g.add(g.mul(centred, factor), g.reshape(bias, perChannel));
}

/** ResNet-like, normalised by batch statistics. */
export const residual: Network = async (g, x, weights) => {
  const p = parametersOf(g, weights);
  const conv = (from: Value, name: string, attributes: Record<string, number | number[]>) =>
    g.conv(from, p(name), attributes);
  const norm = (from: Value, name: string) =>
    appendBatchNorm(g, from, p(`${name}.scale`), p(`${name}.bias`), 1e-3);
  const around = [1, 1, 1, 1];
  const stem = norm(conv(x, 'stem.w', { pads: around }), 'bn1');
  const pooled = g.op('MaxPool', [g.op('LeakyRelu', [stem], { alpha: asFloat(0.1) })], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: around,
  });
  const inner = g.op('Relu', [
    norm(conv(pooled, 'conv1.w', { strides: [2, 2], pads: around, group: 2 }), 'bn2'),
  ]);
  const outer = conv(inner, 'conv2.w', { pads: [2, 2, 2, 2], dilations: [2, 2] });
  const sum = g.op('Relu', [g.add(outer, conv(pooled, 'shortcut.w', { strides: [2, 2] }))]);
  const average = g.op('AveragePool', [sum], { kernel_shape: [2, 2] });
  return g.op('Gemm', [g.reduceMean(average, [2, 3], false), p('fc.w'), p('fc.b')], { transB: 1 });
};

/** A one-layer vision transformer. */
export const transformer: Network = async (g, x, weights) => {
  const p = parametersOf(g, weights);
  const batch = x.shape[0] ?? 1;
  const patches = g.op('Conv', [x, p('patch.w'), p('patch.b')], { kernel_shape: [4, 4], strides: [4, 4] });
  const tokens = g.transpose(g.reshape(patches, [batch, 8, 9]), [0, 2, 1]);
  const input = g.add(g.concat([g.expand(p('token'), [batch, 1, 8]), tokens], 1), p('position'));
  const norm = (from: Value, name: string) =>
    g.op('LayerNormalization', [from, p(`${name}.scale`), p(`${name}.bias`)], {
      axis: -1,
      epsilon: asFloat(1e-5),
    });
  const linear = (from: Value, name: string) => g.add(g.matMul(from, p(`${name}.w`)), p(`${name}.b`));
  const qkv = g.transpose(
    g.reshape(linear(norm(input, 'ln1'), 'qkv'), [batch, 10, 3, 2, 4]),
    [2, 0, 3, 1, 4],
  );
  const parts = g.addNode('Split', [qkv], { attributes: { axis: 0, num_outputs: 3 }, outputCount: 3 });
  const [q, k, v] = parts.map((part) => g.op('Squeeze', [part, g.integers([0])])) as [Value, Value, Value];
  const scores = g.op('Softmax', [g.mul(g.matMul(q, g.transposeLast(k)), 0.5)], { axis: -1 });
  const attended = g.reshape(g.transpose(g.matMul(scores, v), [0, 2, 1, 3]), [batch, 10, 8]);
  const middle = g.add(input, linear(attended, 'out'));
  const hidden = linear(norm(middle, 'ln2'), 'up');
  const gelu = g.mul(g.mul(hidden, 0.5), g.add(g.erf(g.mul(hidden, Math.SQRT1_2)), 1));
  const result = g.add(middle, linear(gelu, 'down'));
  return g.op('Gather', [result, g.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(0n) })], {
    axis: 1,
  });
};

function parametersOf(g: GraphBuilder, weights: Weights): (name: string) => Value {
  const values = new Map(Object.entries(weights).map(([name, tensor]) => [name, g.parameter(name, tensor)]));
  return (name) => values.get(name) as Value;
}
