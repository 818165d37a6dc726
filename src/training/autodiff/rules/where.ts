import { type GradientRule, sumTo } from './rule.js';

/** y = condition ? a : b, broadcast. */
export const where: GradientRule = ({ g, dy, input, needs }) => [
  undefined,
  needs(1) ? sumTo(g, g.where(input(0), dy, 0), input(1).shape) : undefined,
  needs(2) ? sumTo(g, g.where(input(0), 0, dy), input(2).shape) : undefined,
];
