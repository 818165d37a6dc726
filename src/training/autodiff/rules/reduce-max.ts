import { reducedOf } from './reduced.js';
import type { GradientRule } from './rule.js';

/** y = max x: the gradient goes to the largest element, in equal shares where several are equal. */
export const reduceMax: GradientRule = (call) => {
  const { g, x, y, dy } = call;
  const { axes, restore } = reducedOf(call);
  const largest = g.cast(g.equal(x, restore(y)), 'float32');
  return [g.mul(largest, g.div(restore(dy), g.reduceSum(largest, axes)))];
};
