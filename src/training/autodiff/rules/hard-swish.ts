import { asFloat } from '../../../onnx/onnx-model.js';
import { positive } from './positive.js';
import type { GradientRule } from './rule.js';

/** y = x s, s = clip(x / 6 + 1/2, 0, 1): dx = dy (s + x/6 where 0 < s < 1). */
export const hardSwish: GradientRule = ({ g, x, dy }) => {
  const s = g.op('HardSigmoid', [x], { alpha: asFloat(1 / 6), beta: asFloat(0.5) });
  const inside = positive(g, g.mul(s, g.sub(1, s)));
  return [g.mul(dy, g.add(s, g.mul(inside, g.mul(x, 1 / 6))))];
};
