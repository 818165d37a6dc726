import { readInt, resolveAxis } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/** The outputs are parts of x along an axis: their gradients are joined, zeros for those the loss ignores. */
export const split: GradientRule = ({ g, node, x, dys }) => {
  const axis = resolveAxis(readInt(node.attributes, 'axis', 0), x.shape.length);
  return [
    g.concat(
      node.outputs.map((output, i) => dys[i] ?? g.zeros(output.shape)),
      axis,
    ),
  ];
};
