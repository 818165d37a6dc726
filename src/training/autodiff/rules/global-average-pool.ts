import { countElements } from '../../../onnx/tensor.js';
import type { GradientRule } from './rule.js';

/** y = mean over the spatial axes: dx = dy / n, spread. */
export const globalAveragePool: GradientRule = ({ g, x, dy }) => [
  g.expand(g.mul(dy, 1 / countElements(x.shape.slice(2))), x.shape),
];
