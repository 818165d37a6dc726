import { type GradientRule, sumTo } from './rule.js';

/** y = a / b, broadcast: da = dy / b, db = -dy y / b. */
export const div: GradientRule = ({ g, y, dy, input, needs }) => {
  const [a, b] = [input(0), input(1)];
  const da = g.div(dy, b);
  return [
    needs(0) ? sumTo(g, da, a.shape) : undefined,
    needs(1) ? g.neg(sumTo(g, g.mul(da, y), b.shape)) : undefined,
  ];
};
