/** Follows values through the nodes of a model, which are in the order they run. */
import { readInts } from './attributes.js';
import type { Model, ModelNode } from './onnx-model.js';
import type { Tensor } from './tensor.js';

/** Operators whose window slides over a feature map. */
const WINDOW_OPS = new Set(['Conv', 'MaxPool', 'AveragePool']);
/** Operators that do not move the cells of a feature map. Transpose only changes the layout at the input. */
const POSITION_PRESERVING_OPS = new Set(
  'Add BatchNormalization Cast Clip Concat DequantizeLinear Div Elu Erf Gelu HardSigmoid HardSwish Identity LeakyRelu Max Min Mish Mul PRelu QuantizeLinear Relu Sigmoid Softplus Sub Tanh Transpose'.split(
    ' ',
  ),
);

/** Nodes, and the names of the values that they compute or that the search began with. */
interface Dependents {
  readonly nodes: ReadonlySet<ModelNode>;
  readonly values: ReadonlySet<string>;
}

/** Finds what is computed from any of these values. */
export function findDependents(nodes: readonly ModelNode[], from: Iterable<string>): Dependents {
  const values = new Set(from);
  const dependents = new Set<ModelNode>();
  for (const node of nodes) {
    if (node.inputs.some((name) => values.has(name))) {
      dependents.add(node);
      for (const name of node.outputs) {
        values.add(name);
      }
    }
  }
  return { nodes: dependents, values };
}

/** Finds the nodes that these values are computed by. Values that no node computes are ignored. */
export function findProducers(nodes: readonly ModelNode[], values: Iterable<string>): Set<ModelNode> {
  const needed = new Set(values);
  const producers = new Set<ModelNode>();
  for (const node of nodes.toReversed()) {
    if (node.outputs.some((name) => needed.has(name))) {
      producers.add(node);
      for (const name of node.inputs) {
        needed.add(name);
      }
    }
  }
  return producers;
}

/** Selects the constants that some nodes read. */
export function selectUsedConstants(
  nodes: readonly ModelNode[],
  constants: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return new Map([...constants].filter(([name]) => read.has(name)));
}

/**
 * Follows a property of feature maps from the input on. Operators that do not move cells pass it on; what other operators
 * compute is left out.
 *
 * @param start its value at the input
 * @param slide computes it after a convolution or pooling; `kernel` is empty when it is not known
 * @returns the values that are known, by the name of the map
 */
export function followMaps<T>(
  { nodes, initialisers }: Model,
  input: string,
  start: T,
  slide: (node: ModelNode, before: T | undefined, kernel: readonly number[]) => T | undefined,
): Map<string, T> {
  const properties = new Map([[input, start]]);
  for (const node of nodes.filter(({ domain }) => domain === '')) {
    const before = node.inputs.map((name) => properties.get(name));
    let after: T | undefined;
    if (WINDOW_OPS.has(node.op)) {
      const weight = initialisers.get(node.inputs[1] ?? '');
      const kernel = readInts(node.attributes, 'kernel_shape') ?? weight?.shape.slice(2) ?? [];
      after = slide(node, before[0], kernel);
    } else if (POSITION_PRESERVING_OPS.has(node.op)) {
      // One known input is enough: the other may be a factor per channel.
      after = before.find((property) => property !== undefined);
    }
    if (after !== undefined) {
      for (const name of node.outputs) {
        properties.set(name, after);
      }
    }
  }
  return properties;
}
