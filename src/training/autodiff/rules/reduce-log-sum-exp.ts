import { reducedOf } from './reduced.js';
import type { GradientRule } from './rule.js';

/** y = ln sum e^x: dx = dy e^(x - y). */
export const reduceLogSumExp: GradientRule = (call) => {
  const { g, x, y, dy } = call;
  const { restore } = reducedOf(call);
  return [g.mul(restore(dy), g.exp(g.sub(x, restore(y))))];
};
