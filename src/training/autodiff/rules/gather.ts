import { readInt, resolveAxis } from '../../../onnx/attributes.js';
import { countElements } from '../../../onnx/tensor.js';
import type { GradientRule } from './rule.js';

/**
 * y = rows of x along an axis: the rows' gradients are added up where they came from. ScatterElements adds in
 * a fixed order on the CPU, so that repeated indices give the same bits on every run.
 */
export const gather: GradientRule = ({ g, node, x, dy, input }) => {
  const axis = resolveAxis(readInt(node.attributes, 'axis', 0), x.shape.length);
  const count = countElements(input(1).shape);
  const rows = x.shape.with(axis, count);
  const column = x.shape.map((_, i) => (i === axis ? count : 1));
  const indices = g.expand(g.reshape(g.cast(input(1), 'int64'), column), rows);
  const updates = g.reshape(dy, rows);
  return [g.op('ScatterElements', [g.zeros(x.shape), indices, updates], { axis, reduction: 'add' })];
};
