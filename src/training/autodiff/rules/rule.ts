/** What a gradient rule is given and what it answers. */
import { PawdexError } from '../../../errors.js';
import type { ShapeCall } from '../../../onnx/attributes.js';
import { describeNode } from '../../../onnx/onnx-model.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { GraphNode, Value } from '../operator-graph.js';

/** A node whose gradient is asked for, seen from its rule. */
export interface RuleCall {
  /** Where the gradient is written. */
  readonly g: GraphBuilder;
  readonly node: GraphNode;
  /** The node's first input. */
  readonly x: Value;
  /** The node's first output. */
  readonly y: Value;
  /** The gradient of the loss with respect to `y`, of the shape of `y`. */
  readonly dy: Value;
  /** The same for every output; undefined for those that the loss does not depend on. */
  readonly dys: readonly (Value | undefined)[];
  /** Input `index`, which the operator requires. */
  input(index: number): Value;
  /** Whether the gradient with respect to input `index` is wanted; what is not wanted need not be built. */
  needs(index: number): boolean;
  /** The node as shape inference sees it. */
  readonly shapes: ShapeCall;
}

/**
 * Builds the gradients of the loss with respect to a node's inputs (a vector-Jacobian product).
 *
 * @returns one entry per input, each of its input's shape; undefined where the gradient is zero or not wanted
 */
export type GradientRule = (call: RuleCall) => (Value | undefined)[];

/** Sums `gradient` over the axes along which `shape` was broadcast, so that it has that shape again. */
export function sumTo(g: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((d, axis) =>
    axis < lead || (d !== 1 && shape[axis - lead] === 1) ? [axis] : [],
  );
  return g.reshape(axes.length === 0 ? gradient : g.reduceSum(gradient, axes), shape);
}

/** The error for a form of an operator, or one of its inputs, that its rule does not cover. */
export function notDifferentiable(node: GraphNode, because: string): PawdexError {
  return new PawdexError('operator_not_differentiable', {
    detail: `${describeNode({ op: node.op, name: node.name })}: ${because}`,
  });
}
