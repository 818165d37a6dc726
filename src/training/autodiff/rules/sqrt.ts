import type { GradientRule } from './rule.js';

/** y = sqrt x: dx = dy / 2y. */
export const sqrt: GradientRule = ({ g, y, dy }) => [g.div(dy, g.mul(y, 2))];
