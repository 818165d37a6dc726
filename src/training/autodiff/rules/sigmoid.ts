import type { GradientRule } from './rule.js';

/** y = 1 / (1 + e^-x): dx = dy y (1 - y). */
export const sigmoid: GradientRule = ({ g, y, dy }) => [g.mul(dy, g.mul(y, g.sub(1, y)))];
