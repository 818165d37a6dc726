import { readInt, resolveAxis } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/** y = inputs joined along an axis: each input takes its part of the gradient. */
export const concat: GradientRule = ({ g, node, y, dy, input, needs }) => {
  const axis = resolveAxis(readInt(node.attributes, 'axis', 0), y.shape.length);
  let start = 0;
  return node.inputs.map((_, i) => {
    const from = start;
    start += input(i).shape[axis] ?? 0;
    return needs(i) ? g.slice(dy, axis, from, start) : undefined;
  });
};
