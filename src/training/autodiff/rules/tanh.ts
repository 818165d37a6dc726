import type { GradientRule } from './rule.js';

/** y = tanh x: dx = dy (1 - y^2). */
export const tanh: GradientRule = ({ g, y, dy }) => [g.mul(dy, g.sub(1, g.square(y)))];
