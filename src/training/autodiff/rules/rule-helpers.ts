/** Helpers of several gradient rules. */
import { PawdexError } from '../../../errors.js';
import { describeNode } from '../../../onnx/onnx-model.js';
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
