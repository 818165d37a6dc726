/** Small networks as ONNX models, and functions that run their graphs. */

import { createRandom } from '../../../src/math/random.js';
import type { Attribute, Model, ModelNode } from '../../../src/onnx/onnx-model.js';
import type { Value } from '../../../src/onnx/onnx-values.js';
import { countElements, createFloatTensor, type Tensor } from '../../../src/onnx/tensor.js';
import type { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';

/** Uniform values in [-scale, scale]. */
export function noise(seed: number, shape: readonly number[], scale = 1): Tensor {
  const random = createRandom(seed);
  return createFloatTensor(
    Array.from({ length: countElements(shape) }, () => scale * (2 * random() - 1)),
    shape,
  );
}

/** An ONNX node without a name. */
export function node(
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, Attribute> = {},
): ModelNode {
  return { op, domain: '', name: '', inputs, outputs, attributes };
}

/** Computes named values of a graph once, with the initial parameters. */
export async function evaluate(
  g: GraphBuilder,
  values: Record<string, Value>,
  feeds: Record<string, Tensor> = {},
): Promise<Record<string, Tensor>> {
  g.outputs.clear();
  for (const [name, value] of Object.entries(values)) {
    g.output(`result ${name}`, value);
  }
  const session = await GraphSession.open(g.toBytes(), { threads: 1 });
  const weights = Object.fromEntries([...g.parameters].map(([value, tensor]) => [value.name, tensor]));
  const results = await session.run({ ...weights, ...feeds });
  await session.close();
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name.slice('result '.length), tensor]),
  );
}

/** |a - b| / |b|, Euclidean norms. */
export function relativeError(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (Number(a[i]) - Number(b[i])) ** 2;
    norm += Number(b[i]) ** 2;
  }
  return Math.sqrt(difference / (norm || 1));
}

/**
 * A two-block MobileNet: stem, inverted residuals with a depthwise convolution each (one 3x3 with a skip, one 5x5 of
 * stride 2 with asymmetric pads), pooling. Input x [N, 3, S, S], output y [N, 6].
 */
export function mobileNet(): Model {
  const weights: Record<string, Tensor> = {};
  const nodes: ModelNode[] = [];
  let count = 0;
  const conv = (x: string, y: string, shape: number[], attributes: Record<string, Attribute>) => {
    count++;
    const fan = countElements(shape.slice(1));
    weights[`${y}.weight`] = noise(count, shape, 2 / Math.sqrt(fan));
    weights[`${y}.bias`] = noise(100 + count, shape.slice(0, 1), 0.5);
    nodes.push(
      node('Conv', [x, `${y}.weight`, `${y}.bias`], [y], { kernel_shape: shape.slice(2), ...attributes }),
    );
  };
  const clip = (x: string, y: string) => nodes.push(node('Clip', [x, 'zero', 'six'], [y]));
  conv('x', 'stem', [4, 3, 3, 3], { strides: [2, 2], pads: [0, 0, 1, 1] });
  clip('stem', 'stem6');
  conv('stem6', 'expand1', [8, 4, 1, 1], {});
  clip('expand1', 'expand1c');
  conv('expand1c', 'depth1', [8, 1, 3, 3], { pads: [1, 1, 1, 1], group: 8 });
  clip('depth1', 'depth1c');
  conv('depth1c', 'project1', [4, 8, 1, 1], {});
  nodes.push(node('Add', ['project1', 'stem6'], ['block1']));
  conv('block1', 'expand2', [8, 4, 1, 1], {});
  nodes.push(node('HardSwish', ['expand2'], ['expand2c']));
  conv('expand2c', 'depth2', [8, 1, 5, 5], { strides: [2, 2], pads: [1, 1, 2, 2], group: 8 });
  clip('depth2', 'depth2c');
  conv('depth2c', 'project2', [6, 8, 1, 1], {});
  nodes.push(
    node('GlobalAveragePool', ['project2'], ['pool']),
    node('Flatten', ['pool'], ['y'], { axis: 1 }),
  );
  return {
    opset: 17,
    nodes,
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 3, 's', 's'] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 6] }],
    initialisers: new Map(
      Object.entries({ ...weights, zero: createFloatTensor([0], []), six: createFloatTensor([6], []) }),
    ),
  };
}
