/** Gradient rules of activations. Where a mask can be made from y, x need not be kept. */
import { readConstant, readFloat, readInt, readString, resolveAxis } from '../../../onnx/attributes.js';
import { asFloat } from '../../../onnx/onnx-model.js';
import type { Value } from '../../../onnx/onnx-values.js';
import type { GradientRule, GraphBuilder } from '../graph-builder.js';
import { createNotDifferentiableError } from './rule-helpers.js';

export const ACTIVATION_RULES: Readonly<Record<string, GradientRule>> = {
  /** y = max(x, 0). */
  Relu: ({ g, y, dy }) => [g.mul(dy, markPositive(g, y))],

  /** y = x for x > 0, else alpha x. */
  LeakyRelu: ({ g, node, x, dy }) => [
    g.where(g.greater(x, 0), dy, g.mul(dy, readFloat(node.attributes, 'alpha', 0.01))),
  ],

  /**
   * y = min(max(x, low), high): dx = dy where low < y < high. The mask is made from y, so that a convolution and the
   * Clip after it can be fused and x need not be kept.
   */
  Clip: ({ g, node, y, dy, needs, shapes }) => {
    if (needs(1) || needs(2)) {
      throw createNotDifferentiableError(node, 'its bounds cannot be trained; freeze them.');
    }
    const [low, high] = [readConstant(shapes, 1)?.[0], readConstant(shapes, 2)?.[0]];
    return [g.mul(dy, markInside(g, y, low, high) ?? g.scalar(1))];
  },

  /** y = clip(alpha x + beta, 0, 1): dx = alpha dy where 0 < y < 1. */
  HardSigmoid: ({ g, node, y, dy }) => {
    const inside = markPositive(g, g.mul(y, g.sub(1, y)));
    return [g.mul(g.mul(dy, inside), readFloat(node.attributes, 'alpha', 0.2))];
  },

  /** y = x s, s = clip(x / 6 + 1/2, 0, 1): dx = dy (s + x/6 where 0 < s < 1). */
  HardSwish: ({ g, x, dy }) => {
    const s = g.op('HardSigmoid', [x], { alpha: asFloat(1 / 6), beta: asFloat(0.5) });
    const inside = markPositive(g, g.mul(s, g.sub(1, s)));
    return [g.mul(dy, g.add(s, g.mul(inside, g.mul(x, 1 / 6))))];
  },

  /** y = 1 / (1 + e^-x): dx = dy y (1 - y). */
  Sigmoid: ({ g, y, dy }) => [g.mul(dy, g.mul(y, g.sub(1, y)))],

  /** y = tanh x: dx = dy (1 - y^2). */
  Tanh: ({ g, y, dy }) => [g.mul(dy, g.sub(1, g.square(y)))],

  /** y = ln(1 + e^x): dx = dy sigmoid(x). */
  Softplus: ({ g, x, dy }) => [g.mul(dy, g.sigmoid(x))],

  /**
   * Gaussian error linear unit (Hendrycks & Gimpel, arXiv 1606.08415). Exact: y = x F(x) with the normal
   * distribution F, dx = dy (F(x) + x f(x)). Tanh form: y = x (1 + t) / 2, t = tanh(c (x + 0.044715 x^3)).
   */
  Gelu: ({ g, node, x, dy }) => {
    if (readString(node.attributes, 'approximate', 'none') === 'tanh') {
      const c = Math.sqrt(2 / Math.PI);
      const x2 = g.square(x);
      const t = g.tanh(g.mul(g.mul(x, c), g.add(g.mul(x2, 0.044715), 1)));
      const inner = g.mul(g.add(g.mul(x2, 3 * 0.044715), 1), c);
      const slope = g.mul(g.mul(x, g.sub(1, g.square(t))), inner);
      return [g.mul(dy, g.mul(g.add(g.add(t, 1), slope), 0.5))];
    }
    const distribution = g.mul(g.add(g.erf(g.mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = g.mul(g.exp(g.mul(g.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [g.mul(dy, g.add(distribution, g.mul(x, density)))];
  },

  /** y = softmax x: dx = y (dy - sum(dy y)). */
  Softmax: ({ g, node, y, dy }) => {
    const axis = resolveAxis(readInt(node.attributes, 'axis', -1), y.shape.length);
    const weighted = g.mul(dy, y);
    return [g.sub(weighted, g.mul(y, g.reduceSum(weighted, [axis])))];
  },

  /** y = ln softmax x: dx = dy - e^y sum(dy). */
  LogSoftmax: ({ g, node, y, dy }) => {
    const axis = resolveAxis(readInt(node.attributes, 'axis', -1), y.shape.length);
    return [g.sub(dy, g.mul(g.exp(y), g.reduceSum(dy, [axis])))];
  },
};

/** Marks with 1 where low < y < high, elsewhere with 0; undefined without bounds. */
function markInside(
  g: GraphBuilder,
  y: Value,
  low: number | undefined,
  high: number | undefined,
): Value | undefined {
  const above = low === undefined ? undefined : low === 0 ? y : g.sub(y, low);
  const below = high === undefined ? undefined : g.sub(high, y);
  if (above === undefined) {
    return below && markPositive(g, below);
  }
  return markPositive(g, below === undefined ? above : g.mul(above, below));
}

/** A power of two, so that the product is exact. It lifts every normal number above 1. */
const HARD_SIGMOID_SLOPE = 2 ** 100;

/**
 * 1 where x > 0, else 0, as float32: a very steep HardSigmoid. Its CPU kernel in onnxruntime is ten times as fast as
 * that of Sign, or of a comparison with a Cast.
 */
function markPositive(g: GraphBuilder, x: Value): Value {
  return g.op('HardSigmoid', [x], { alpha: asFloat(HARD_SIGMOID_SLOPE), beta: asFloat(0) });
}
