/** Helpers of several gradient rules. */
import { PawdexError } from '../../../errors.js';
import { asFloat, describeNode } from '../../../onnx/onnx-model.js';
import type { Value } from '../../../onnx/onnx-values.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { GraphNode } from '../operator-graph.js';

/** Sums `gradient` over the axes along which `shape` was broadcast, so that it has that shape again. */
export function sumTo(g: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((d, axis) =>
    axis < lead || (d !== 1 && shape[axis - lead] === 1) ? [axis] : [],
  );
  return g.reshape(axes.length === 0 ? gradient : g.reduceSum(gradient, axes), shape);
}

/** Creates the error for a form or an input of an operator that its rule does not cover. */
export function createNotDifferentiableError(node: GraphNode, because: string): PawdexError {
  return new PawdexError('operator_not_differentiable', {
    detail: `${describeNode(node)}: ${because}`,
  });
}

/** A power of two, so that the product is exact. It lifts every normal number above 1. */
const HARD_SIGMOID_SLOPE = 2 ** 100;

/**
 * 1 where x > 0, else 0, as float32: a very steep HardSigmoid. Its CPU kernel in onnxruntime is ten times as fast as
 * that of Sign, or of a comparison with a Cast.
 */
export function markPositive(g: GraphBuilder, x: Value): Value {
  return g.op('HardSigmoid', [x], { alpha: asFloat(HARD_SIGMOID_SLOPE), beta: asFloat(0) });
}
