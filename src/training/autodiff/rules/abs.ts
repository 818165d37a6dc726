import type { GradientRule } from './rule.js';

/** y = |x|; the gradient at 0 is taken as 0. */
export const abs: GradientRule = ({ g, x, dy }) => [g.mul(dy, g.sign(x))];
