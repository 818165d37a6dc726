import type { GradientRule } from './rule.js';

/** Reshape, Flatten, Squeeze and Unsqueeze: the gradient takes the input's shape. */
export const reshape: GradientRule = ({ g, x, dy }) => [g.reshape(dy, x.shape)];
