import type { GradientRule } from './rule.js';

/** y = 1 / x: dx = -dy y^2. */
export const reciprocal: GradientRule = ({ g, y, dy }) => [g.neg(g.mul(dy, g.square(y)))];
