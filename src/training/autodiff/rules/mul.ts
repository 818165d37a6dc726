import { type GradientRule, sumTo } from './rule.js';

/** y = a b, broadcast: da = dy b, db = dy a. */
export const mul: GradientRule = ({ g, dy, input, needs }) =>
  [0, 1].map((i) => (needs(i) ? sumTo(g, g.mul(dy, input(1 - i)), input(i).shape) : undefined));
