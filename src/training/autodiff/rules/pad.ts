import { readString } from '../../../onnx/attributes.js';
import { resolvePads } from '../../../onnx/shapes/layout-shapes.js';
import { createFloatTensor } from '../../../onnx/tensor.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';
import { type GradientRule, notDifferentiable } from './rule.js';

/** y = x with a border. Constant: the border is cropped off. Edge, reflect, wrap: it is added to where it came from. */
export const pad: GradientRule = ({ g, node, x, dy, needs, shapes }) => {
  if (needs(2)) throw notDifferentiable(node, 'its border value cannot be trained; freeze it.');
  const { before, after } = resolvePads(shapes, x.shape.length);
  const mode = readString(node.attributes, 'mode', 'constant');
  if (mode === 'constant') {
    const opposite = (amounts: number[]) => amounts.map((amount) => 0 - amount);
    return [g.pad(dy, opposite(before), opposite(after))];
  }
  let gradient = dy;
  x.shape.forEach((length, axis) => {
    const lead = before[axis] ?? 0;
    if (lead === 0 && after[axis] === 0) return;
    const sources = Array.from({ length: dy.shape[axis] ?? 0 }, (_, i) => sourceOf(mode, i - lead, length));
    gradient = collect(g, gradient, axis, sources, length);
  });
  return [gradient];
};

/** Which element of a line of `length` the border shows at position `i`. */
function sourceOf(mode: string, i: number, length: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), length - 1);
  const modulo = (n: number) => ((i % n) + n) % n;
  if (mode === 'wrap') return modulo(length);
  if (length === 1) return 0;
  const position = modulo(2 * (length - 1));
  return position < length ? position : 2 * (length - 1) - position;
}

/** Along one axis, adds element i of x to element sources[i] of the result: a product with a 0/1 matrix. */
function collect(g: GraphBuilder, x: Value, axis: number, sources: readonly number[], length: number): Value {
  const matrix = new Float32Array(sources.length * length);
  sources.forEach((source, i) => {
    matrix[i * length + source] = 1;
  });
  const order = x.shape.map((_, i) => i);
  const last = order.length - 1;
  const swap = order.with(axis, last).with(last, axis);
  const selection = g.constant(createFloatTensor(matrix, [sources.length, length]), 'border');
  return g.transpose(g.matMul(g.transpose(x, swap), selection), swap);
}
