/** Shapes of the Reduce* operators (axes as an input, as from operator set 18 on). */
import { readConstant, readInt, resolveAxis } from '../attributes.js';
import type { OutputSpec, ShapeCall } from '../onnx-values.js';
import { requireInput } from './elementwise-shapes.js';

/** Returns the axes that a Reduce* node reduces, counted from the front and sorted. Without axes it reduces all. */
export function resolveReducedAxes(call: ShapeCall, rank: number): number[] {
  const named = readConstant(call, 1) ?? [];
  if (named.length > 0) {
    return named.map((axis) => resolveAxis(axis, rank)).sort((a, b) => a - b);
  }
  if (readInt(call.attributes, 'noop_with_empty_axes', 0) === 1) {
    return [];
  }
  return Array.from({ length: rank }, (_, axis) => axis);
}

export function reduction(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  const axes = resolveReducedAxes(call, shape.length);
  const keep = readInt(call.attributes, 'keepdims', 1) === 1;
  const reduced = keep
    ? shape.map((d, axis) => (axes.includes(axis) ? 1 : d))
    : shape.filter((_, axis) => !axes.includes(axis));
  return [{ dtype, shape: reduced }];
}
