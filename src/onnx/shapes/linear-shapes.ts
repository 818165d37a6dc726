/** Shapes of matrix products and layer normalisation. */
import { readInt, resolveAxis } from '../attributes.js';
import type { OutputSpec, ShapeCall } from '../onnx-values.js';
import { broadcastShapes, requireInput } from './elementwise-shapes.js';

export function gemm(call: ShapeCall): OutputSpec[] {
  const [a, b] = [requireInput(call, 0), requireInput(call, 1)];
  const [m, k] = readInt(call.attributes, 'transA', 0) ? a.shape.toReversed() : a.shape;
  const [k2, n] = readInt(call.attributes, 'transB', 0) ? b.shape.toReversed() : b.shape;
  return [{ dtype: a.dtype, shape: [m ?? Number.NaN, k === k2 && n !== undefined ? n : Number.NaN] }];
}

export function matMul(call: ShapeCall): OutputSpec[] {
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
export function layerNormalization(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  const axis = resolveAxis(readInt(call.attributes, 'axis', -1), shape.length);
  const statistics = { dtype, shape: shape.map((d, i) => (i < axis ? d : 1)) };
  return [{ dtype, shape }, statistics, statistics];
}
