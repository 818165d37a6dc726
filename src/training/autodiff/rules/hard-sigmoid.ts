import { readFloat } from '../../../onnx/attributes.js';
import { positive } from './positive.js';
import type { GradientRule } from './rule.js';

/** y = clip(alpha x + beta, 0, 1): dx = alpha dy where 0 < y < 1. */
export const hardSigmoid: GradientRule = ({ g, node, y, dy }) => {
  const inside = positive(g, g.mul(y, g.sub(1, y)));
  return [g.mul(g.mul(dy, inside), readFloat(node.attributes, 'alpha', 0.2))];
};
