import { countElements } from '../../../onnx/tensor.js';
import { reducedOf } from './reduced.js';
import type { GradientRule } from './rule.js';

/** y = mean x: dx = dy / n, spread. */
export const reduceMean: GradientRule = (call) => {
  const { g, x, y, dy } = call;
  const scaled = g.mul(dy, countElements(y.shape) / countElements(x.shape));
  return [g.expand(reducedOf(call).restore(scaled), x.shape)];
};
