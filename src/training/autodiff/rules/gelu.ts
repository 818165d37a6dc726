import { readString } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/**
 * Gaussian error linear unit (Hendrycks & Gimpel, arXiv 1606.08415). Exact: y = x F(x) with the normal
 * distribution F, dx = dy (F(x) + x f(x)). Tanh form: y = x (1 + t) / 2, t = tanh(c (x + 0.044715 x^3)).
 */
export const gelu: GradientRule = ({ g, node, x, dy }) => {
  if (readString(node.attributes, 'approximate', 'none') === 'tanh') {
    const c = Math.sqrt(2 / Math.PI);
    const x2 = g.square(x);
    const t = g.tanh(g.mul(g.mul(x, c), g.add(g.mul(x2, 0.044715), 1)));
    const inner = g.mul(g.add(g.mul(x2, 3 * 0.044715), 1), c);
    const slope = g.mul(g.mul(x, g.sub(1, g.square(t))), inner);
    return [g.mul(dy, g.mul(g.add(g.add(t, 1), slope), 0.5))];
  }
  const distribution = g.mul(g.add(g.erf(g.mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = g.mul(g.exp(g.mul(g.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return [g.mul(dy, g.add(distribution, g.mul(x, density)))];
};
