import { type GradientRule, sumTo } from './rule.js';

/** y = a + b, broadcast. */
export const add: GradientRule = ({ g, dy, input, needs }) =>
  [0, 1].map((i) => (needs(i) ? sumTo(g, dy, input(i).shape) : undefined));
