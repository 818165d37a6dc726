/** Gradient rules of batch and layer normalisation. */
import { readFloat, readInt, resolveAxis } from '../../../onnx/attributes.js';
import type { Value } from '../../../onnx/onnx-values.js';
import type { GradientRule } from '../graph-builder.js';
import { createNotDifferentiableError, sumTo } from './rule-helpers.js';

export const NORMALISATION_RULES: Readonly<Record<string, GradientRule>> = {
  /** With stored statistics: y = scale (x - mean) / sqrt(variance + epsilon) + bias. */
  BatchNormalization: ({ g, node, x, dy, input, needs }) => {
    if (needs(3) || needs(4)) {
      throw createNotDifferentiableError(node, 'its statistics cannot be trained; freeze them.');
    }
    const perChannel = (value: Value) =>
      g.reshape(value, [x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)]);
    const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const inverse = g.op('Reciprocal', [
      g.sqrt(g.add(input(4), readFloat(node.attributes, 'epsilon', 1e-5))),
    ]);
    const normalised = () => g.mul(g.sub(x, perChannel(input(3))), perChannel(inverse));
    return [
      needs(0) ? g.mul(dy, perChannel(g.mul(input(1), inverse))) : undefined,
      needs(1) ? g.reduceSum(g.mul(dy, normalised()), axes, false) : undefined,
      needs(2) ? g.reduceSum(dy, axes, false) : undefined,
    ];
  },

  /**
   * y = scale n + bias, n = (x - mean) / deviation over the last axes (Ba et al., arXiv 1607.06450):
   * dx = (dn - mean(dn) - n mean(dn n)) / deviation with dn = dy scale.
   */
  LayerNormalization: ({ g, node, x, dy, input, needs }) => {
    const first = resolveAxis(readInt(node.attributes, 'axis', -1), x.shape.length);
    const axes = x.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
    const centred = g.sub(x, g.reduceMean(x, axes));
    const variance = g.reduceMean(g.square(centred), axes);
    const deviation = g.sqrt(g.add(variance, readFloat(node.attributes, 'epsilon', 1e-5)));
    const n = g.div(centred, deviation);
    const dx = () => {
      const dn = g.mul(dy, input(1));
      const along = g.mul(n, g.reduceMean(g.mul(dn, n), axes));
      return g.div(g.sub(g.sub(dn, g.reduceMean(dn, axes)), along), deviation);
    };
    return [
      needs(0) ? dx() : undefined,
      needs(1) ? sumTo(g, g.mul(dy, n), input(1).shape) : undefined,
      needs(2) ? sumTo(g, dy, input(2).shape) : undefined,
    ];
  },
};
