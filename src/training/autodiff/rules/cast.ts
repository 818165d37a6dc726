import type { GradientRule } from './rule.js';

/** y = x in another float type: the gradient is cast back. */
export const cast: GradientRule = ({ g, x, dy }) => [g.cast(dy, x.dtype)];
