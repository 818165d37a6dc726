import type { GradientRule } from './rule.js';

/** y = -x. */
export const neg: GradientRule = ({ g, dy }) => [g.neg(dy)];
