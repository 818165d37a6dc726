import { readFloat } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/** y = x for x > 0, else alpha x. */
export const leakyRelu: GradientRule = ({ g, node, x, dy }) => [
  g.where(g.greater(x, 0), dy, g.mul(dy, readFloat(node.attributes, 'alpha', 0.01))),
];
