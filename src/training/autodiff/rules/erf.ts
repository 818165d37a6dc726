import type { GradientRule } from './rule.js';

/** y = erf x: dx = dy 2/sqrt(pi) e^(-x^2). */
export const erf: GradientRule = ({ g, x, dy }) => [
  g.mul(g.mul(dy, 2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.square(x)))),
];
