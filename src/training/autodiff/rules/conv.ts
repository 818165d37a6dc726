import { readInt } from '../../../onnx/attributes.js';
import { computeWindow } from '../../../onnx/shapes/window-shapes.js';
import { convDataGradient, convWeightGradient } from './conv-gradients.js';
import type { GradientRule } from './rule.js';

/** y = convolution of x with w, plus a bias per channel; grouped, strided, dilated, padded at will. */
export const conv: GradientRule = ({ g, node, x, dy, input, needs }) => {
  const weight = input(1);
  const group = readInt(node.attributes, 'group', 1);
  const window = computeWindow(node.attributes, x.shape.slice(2), weight.shape.slice(2));
  const perChannel = dy.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return [
    needs(0) ? convDataGradient(g, { x, weight, dy, group, window }) : undefined,
    needs(1) ? convWeightGradient(g, { x, weight, dy, group, window }) : undefined,
    needs(2) ? g.reduceSum(dy, perChannel, false) : undefined,
  ];
};
