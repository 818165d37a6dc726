/** Shared by the rules of the Reduce* operators. */

import { resolveReducedAxes } from '../../../onnx/shapes/reduction-shapes.js';
import type { Value } from '../operator-graph.js';
import type { RuleCall } from './rule.js';

/** The reduced axes, and a way to give a result of the reduction its reduced axes back, with length 1. */
export function reducedOf({ g, x, shapes }: RuleCall): { axes: number[]; restore: (value: Value) => Value } {
  const axes = resolveReducedAxes(shapes, x.shape.length);
  const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
  return { axes, restore: (value) => g.reshape(value, kept) };
}
