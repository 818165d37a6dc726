import { positive } from './positive.js';
import type { GradientRule } from './rule.js';

/** y = max(x, 0). The mask is made from y, so that x need not be kept. */
export const relu: GradientRule = ({ g, y, dy }) => [g.mul(dy, positive(g, y))];
