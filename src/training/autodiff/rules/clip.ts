import { readConstant } from '../../../onnx/attributes.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';
import { positive } from './positive.js';
import { type GradientRule, notDifferentiable } from './rule.js';

/**
 * y = min(max(x, low), high): dx = dy where low < y < high. The mask is made from y, so that a convolution and the
 * Clip after it can be fused and x need not be kept.
 */
export const clip: GradientRule = ({ g, node, y, dy, needs, shapes }) => {
  if (needs(1) || needs(2)) throw notDifferentiable(node, 'its bounds cannot be trained; freeze them.');
  const [low, high] = [readConstant(shapes, 1)?.[0], readConstant(shapes, 2)?.[0]];
  return [g.mul(dy, mask(g, y, low, high) ?? g.scalar(1))];
};

function mask(
  g: GraphBuilder,
  y: Value,
  low: number | undefined,
  high: number | undefined,
): Value | undefined {
  const above = low === undefined ? undefined : low === 0 ? y : g.sub(y, low);
  const below = high === undefined ? undefined : g.sub(high, y);
  if (above === undefined) return below && positive(g, below);
  return positive(g, below === undefined ? above : g.mul(above, below));
}
