import { type GradientRule, sumTo } from './rule.js';

/** y = x broadcast to a shape. */
export const expand: GradientRule = ({ g, x, dy }) => [sumTo(g, dy, x.shape)];
