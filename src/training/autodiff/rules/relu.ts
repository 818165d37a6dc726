import type { GradientRule } from './rule.js';

/** y = max(x, 0). The mask is sign(y), so that x need not be kept. */
export const relu: GradientRule = ({ g, y, dy }) => [g.mul(dy, g.sign(y))];
