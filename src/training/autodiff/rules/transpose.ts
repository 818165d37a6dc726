import { readInts } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/** y = x with its axes reordered: the gradient is ordered back. */
export const transpose: GradientRule = ({ g, node, x, dy }) => {
  const axes = x.shape.map((_, axis) => axis);
  const order = readInts(node.attributes, 'perm') ?? axes.toReversed();
  return [
    g.transpose(
      dy,
      axes.map((axis) => order.indexOf(axis)),
    ),
  ];
};
