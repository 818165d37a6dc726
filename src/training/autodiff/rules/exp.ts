import type { GradientRule } from './rule.js';

/** y = e^x: dx = dy y. */
export const exp: GradientRule = ({ g, y, dy }) => [g.mul(dy, y)];
