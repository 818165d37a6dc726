import { reducedOf } from './reduced.js';
import type { GradientRule } from './rule.js';

/** Keeps the gradient of a zero vector at 0 rather than NaN. */
const TINY = 1e-30;

/** y = |x|: dx = dy x / y. */
export const reduceL2: GradientRule = (call) => {
  const { g, x, y, dy } = call;
  const { restore } = reducedOf(call);
  return [g.mul(x, restore(g.div(dy, g.max(y, TINY))))];
};
