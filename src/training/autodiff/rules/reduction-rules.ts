/** Gradient rules of the Reduce* operators. */
import type { Value } from '../../../onnx/onnx-values.js';
import { resolveReducedAxes } from '../../../onnx/shapes/computing-shapes.js';
import { countElements } from '../../../onnx/tensor.js';
import type { GradientRule, RuleCall } from '../graph-builder.js';

export const REDUCTION_RULES: Readonly<Record<string, GradientRule>> = {
  /** y = sum x: dx = dy, spread. */
  ReduceSum: (call) => {
    const { g, x, dy } = call;
    return [g.expand(resolveReduction(call).restore(dy), x.shape)];
  },

  /** y = mean x: dx = dy / n, spread. */
  ReduceMean: (call) => {
    const { g, x, y, dy } = call;
    const scaled = g.mul(dy, countElements(y.shape) / countElements(x.shape));
    return [g.expand(resolveReduction(call).restore(scaled), x.shape)];
  },

  /** y = max x: the gradient goes to the largest element, in equal shares where several are equal. */
  ReduceMax: (call) => {
    const { g, x, y, dy } = call;
    const { axes, restore } = resolveReduction(call);
    const largest = g.cast(g.equal(x, restore(y)), 'float32');
    return [g.mul(largest, g.div(restore(dy), g.reduceSum(largest, axes)))];
  },

  /** y = |x|: dx = dy x / y. */
  ReduceL2: (call) => {
    const { g, x, y, dy } = call;
    const { restore } = resolveReduction(call);
    return [g.mul(x, restore(g.div(dy, g.max(y, TINY))))];
  },

  /** y = ln sum e^x: dx = dy e^(x - y). */
  ReduceLogSumExp: (call) => {
    const { g, x, y, dy } = call;
    const { restore } = resolveReduction(call);
    return [g.mul(restore(dy), g.exp(g.sub(x, restore(y))))];
  },
};

/** Keeps the gradient of a zero vector at 0 rather than NaN. */
const TINY = 1e-30;

/** The reduced axes, and a function that restores them in a result, with length 1. */
function resolveReduction({ g, x, shapes }: RuleCall): { axes: number[]; restore: (value: Value) => Value } {
  const axes = resolveReducedAxes(shapes, x.shape.length);
  const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
  return { axes, restore: (value) => g.reshape(value, kept) };
}
