import { type GradientRule, sumTo } from './rule.js';

/** y = a - b, broadcast. */
export const sub: GradientRule = ({ g, dy, input, needs }) => [
  needs(0) ? sumTo(g, dy, input(0).shape) : undefined,
  needs(1) ? g.neg(sumTo(g, dy, input(1).shape)) : undefined,
];
