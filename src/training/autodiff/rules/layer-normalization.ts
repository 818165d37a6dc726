import { readFloat, readInt, resolveAxis } from '../../../onnx/attributes.js';
import { type GradientRule, sumTo } from './rule.js';

/**
 * y = scale n + bias, n = (x - mean) / deviation over the last axes (Ba et al., arXiv 1607.06450):
 * dx = (dn - mean(dn) - n mean(dn n)) / deviation with dn = dy scale.
 */
export const layerNormalization: GradientRule = ({ g, node, x, dy, input, needs }) => {
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
};
