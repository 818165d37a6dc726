/** Gradient rules of operators that work element by element. Both operands may be broadcast. */
import { toNumbers } from '../../../onnx/tensor.js';
import type { GradientRule } from '../graph-builder.js';
import { sumTo } from './rule-helpers.js';

export const ELEMENTWISE_RULES: Readonly<Record<string, GradientRule>> = {
  /** y = a + b, broadcast. */
  Add: ({ g, dy, input, needs }) => [0, 1].map((i) => (needs(i) ? sumTo(g, dy, input(i).shape) : undefined)),

  /** y = a - b, broadcast. */
  Sub: ({ g, dy, input, needs }) => [
    needs(0) ? sumTo(g, dy, input(0).shape) : undefined,
    needs(1) ? g.neg(sumTo(g, dy, input(1).shape)) : undefined,
  ],

  /** y = a b, broadcast: da = dy b, db = dy a. */
  Mul: ({ g, dy, input, needs }) =>
    [0, 1].map((i) => (needs(i) ? sumTo(g, g.mul(dy, input(1 - i)), input(i).shape) : undefined)),

  /** y = a / b, broadcast: da = dy / b, db = -dy y / b. */
  Div: ({ g, y, dy, input, needs }) => {
    const [a, b] = [input(0), input(1)];
    const da = g.div(dy, b);
    return [
      needs(0) ? sumTo(g, da, a.shape) : undefined,
      needs(1) ? g.neg(sumTo(g, g.mul(da, y), b.shape)) : undefined,
    ];
  },

  /**
   * y = x^p, broadcast: dx = dy p x^(p-1), dp = dy y ln x. As elsewhere, dp is 0 where x is 0; a negative x with a
   * trainable p has no derivative and gives NaN.
   */
  Pow: ({ g, x, y, dy, input, needs, shapes }) => {
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
  },

  /** y = -x. */
  Neg: ({ g, dy }) => [g.neg(dy)],

  /** y = |x|; the gradient at 0 is taken as 0. */
  Abs: ({ g, x, dy }) => [g.mul(dy, g.sign(x))],

  /** y = sqrt x: dx = dy / 2y. */
  Sqrt: ({ g, y, dy }) => [g.div(dy, g.mul(y, 2))],

  /** y = 1 / x: dx = -dy y^2. */
  Reciprocal: ({ g, y, dy }) => [g.neg(g.mul(dy, g.square(y)))],

  /** y = e^x: dx = dy y. */
  Exp: ({ g, y, dy }) => [g.mul(dy, y)],

  /** y = ln x: dx = dy / x. */
  Log: ({ g, x, dy }) => [g.div(dy, x)],

  /** y = erf x: dx = dy 2/sqrt(pi) e^(-x^2). */
  Erf: ({ g, x, dy }) => [g.mul(g.mul(dy, 2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.square(x))))],

  /** y = condition ? a : b, broadcast. */
  Where: ({ g, dy, input, needs }) => [
    undefined,
    needs(1) ? sumTo(g, g.where(input(0), dy, 0), input(1).shape) : undefined,
    needs(2) ? sumTo(g, g.where(input(0), 0, dy), input(2).shape) : undefined,
  ],

  /** y = x in another float type: the gradient is cast back. */
  Cast: ({ g, x, dy }) => [g.cast(dy, x.dtype)],
};
