import { reducedOf } from './reduced.js';
import type { GradientRule } from './rule.js';

/** y = sum x: dx = dy, spread. */
export const reduceSum: GradientRule = (call) => {
  const { g, x, dy } = call;
  return [g.expand(reducedOf(call).restore(dy), x.shape)];
};
