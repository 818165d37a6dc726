import { toNumbers } from '../../../onnx/tensor.js';
import { type GradientRule, sumTo } from './rule.js';

/**
 * y = x^p, broadcast: dx = dy p x^(p-1), dp = dy y ln x. As elsewhere, dp is 0 where x is 0; a negative x with a
 * trainable p has no derivative and gives NaN.
 */
export const pow: GradientRule = ({ g, x, y, dy, input, needs, shapes }) => {
  const p = input(1);
  const constant = shapes.constantOf(p);
  const square = constant !== undefined && toNumbers(constant).every((value) => value === 2);
  const exponent = g.cast(p, 'float32');
  const slope = () => g.mul(exponent, square ? x : g.pow(x, g.sub(exponent, 1)));
  const logOf = () => g.log(g.where(g.equal(x, 0), 1, x));
  return [
    needs(0) ? sumTo(g, g.mul(dy, slope()), x.shape) : undefined,
    needs(1) ? sumTo(g, g.mul(g.mul(dy, y), logOf()), p.shape) : undefined,
  ];
};
