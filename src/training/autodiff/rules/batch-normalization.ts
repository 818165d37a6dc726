import { readFloat, readInt } from '../../../onnx/attributes.js';
import type { Value } from '../operator-graph.js';
import { type GradientRule, notDifferentiable } from './rule.js';

/**
 * Frozen statistics: y = scale (x - mean) / sqrt(variance + epsilon) + bias, statistics constant. Batch
 * statistics are written as single operators on import and need no rule of their own.
 */
export const batchNormalization: GradientRule = ({ g, node, x, dy, input, needs }) => {
  if (readInt(node.attributes, 'training_mode', 0) === 1 || needs(3) || needs(4)) {
    throw notDifferentiable(node, 'its statistics cannot be trained; freeze them.');
  }
  const perChannel = (value: Value) => g.reshape(value, [x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)]);
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const inverse = g.op('Reciprocal', [g.sqrt(g.add(input(4), readFloat(node.attributes, 'epsilon', 1e-5)))]);
  const normalised = () => g.mul(g.sub(x, perChannel(input(3))), perChannel(inverse));
  return [
    needs(0) ? g.mul(dy, perChannel(g.mul(input(1), inverse))) : undefined,
    needs(1) ? g.reduceSum(g.mul(dy, normalised()), axes, false) : undefined,
    needs(2) ? g.reduceSum(dy, axes, false) : undefined,
  ];
};
