/** Shared by the rules of the Reduce* operators. */
import type { Value } from '../graph.js';
import { reducedAxes } from '../shapes/reduction.js';
import type { RuleCall } from './rule.js';

/** The reduced axes, and a way to give a result of the reduction its reduced axes back, with length 1. */
export function reducedOf({ g, x, shapes }: RuleCall): { axes: number[]; restore: (value: Value) => Value } {
  const axes = reducedAxes(shapes, x.shape.length);
  const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
  return { axes, restore: (value) => g.reshape(value, kept) };
}
