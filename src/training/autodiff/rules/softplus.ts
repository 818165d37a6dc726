import type { GradientRule } from './rule.js';

/** y = ln(1 + e^x): dx = dy sigmoid(x). */
export const softplus: GradientRule = ({ g, x, dy }) => [g.mul(dy, g.sigmoid(x))];
