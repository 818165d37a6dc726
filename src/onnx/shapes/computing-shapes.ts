/** Shapes of operators that compute: element by element, matrix products, layer normalisation and reductions. */
import { PawdexError } from '../../errors.js';
import { readConstant, readInt, resolveAxis } from '../attributes.js';
import type { OutputSpec, ShapeCall, Value } from '../onnx-values.js';
import { decodeDType } from '../tensor.js';

/** Returns the required input `index`. @throws PawdexError model_invalid if it is missing */
export function requireInput(call: ShapeCall, index: number): Value {
  const value = call.inputs[index];
  if (value === undefined) {
    throw new PawdexError('model_invalid', { detail: `${call.op} "${call.name}" has no input ${index}.` });
  }
  return value;
}

/** Computes the shape that two shapes broadcast to, with NaN where they do not match. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m === n || n === 1) {
      return m;
    }
    return m === 1 ? n : Number.NaN;
  });
}

export function keepShape(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  return [{ dtype, shape }];
}

export function inferBroadcast(call: ShapeCall): OutputSpec[] {
  const shapes = call.inputs.map((_, index) => requireInput(call, index).shape);
  return [{ dtype: requireInput(call, 0).dtype, shape: shapes.reduce(broadcastShapes) }];
}

export function inferComparison(call: ShapeCall): OutputSpec[] {
  return [
    { dtype: 'bool', shape: broadcastShapes(requireInput(call, 0).shape, requireInput(call, 1).shape) },
  ];
}

export function inferWhere(call: ShapeCall): OutputSpec[] {
  const shapes = [0, 1, 2].map((index) => requireInput(call, index).shape);
  return [{ dtype: requireInput(call, 1).dtype, shape: shapes.reduce(broadcastShapes) }];
}

export function inferCast(call: ShapeCall): OutputSpec[] {
  const dtype = decodeDType(readInt(call.attributes, 'to', 0), `The result of Cast "${call.name}"`);
  return [{ dtype, shape: requireInput(call, 0).shape }];
}

export function inferGemm(call: ShapeCall): OutputSpec[] {
  const [a, b] = [requireInput(call, 0), requireInput(call, 1)];
  const [m, k] = readInt(call.attributes, 'transA', 0) ? a.shape.toReversed() : a.shape;
  const [k2, n] = readInt(call.attributes, 'transB', 0) ? b.shape.toReversed() : b.shape;
  return [{ dtype: a.dtype, shape: [m ?? Number.NaN, k === k2 && n !== undefined ? n : Number.NaN] }];
}

export function inferMatMul(call: ShapeCall): OutputSpec[] {
  const [a, b] = [requireInput(call, 0), requireInput(call, 1)];
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  const fits = left.at(-1) === right.at(-2);
  const rows = a.shape.length === 1 ? [] : [left.at(-2) ?? Number.NaN];
  const columns = b.shape.length === 1 ? [] : [right.at(-1) ?? Number.NaN];
  return [{ dtype: a.dtype, shape: fits ? [...batch, ...rows, ...columns] : [Number.NaN] }];
}

/** The optional outputs are the mean and the inverse standard deviation. */
export function inferLayerNormalization(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  const axis = resolveAxis(readInt(call.attributes, 'axis', -1), shape.length);
  const statistics = { dtype, shape: shape.map((d, i) => (i < axis ? d : 1)) };
  return [{ dtype, shape }, statistics, statistics];
}

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

export function inferReduction(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  const axes = resolveReducedAxes(call, shape.length);
  const keep = readInt(call.attributes, 'keepdims', 1) === 1;
  const reduced = keep
    ? shape.map((d, axis) => (axes.includes(axis) ? 1 : d))
    : shape.filter((_, axis) => !axes.includes(axis));
  return [{ dtype, shape: reduced }];
}
