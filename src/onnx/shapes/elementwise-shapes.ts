/** Shapes of operators that work element by element. */
import { PawdexError } from '../../errors.js';
import { readInt } from '../attributes.js';
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

export function sameAsFirst(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  return [{ dtype, shape }];
}

export function broadcast(call: ShapeCall): OutputSpec[] {
  const shapes = call.inputs.map((_, index) => requireInput(call, index).shape);
  return [{ dtype: requireInput(call, 0).dtype, shape: shapes.reduce(broadcastShapes) }];
}

export function comparison(call: ShapeCall): OutputSpec[] {
  return [
    { dtype: 'bool', shape: broadcastShapes(requireInput(call, 0).shape, requireInput(call, 1).shape) },
  ];
}

export function whereShape(call: ShapeCall): OutputSpec[] {
  const shapes = [0, 1, 2].map((index) => requireInput(call, index).shape);
  return [{ dtype: requireInput(call, 1).dtype, shape: shapes.reduce(broadcastShapes) }];
}

export function castTo(call: ShapeCall): OutputSpec[] {
  const dtype = decodeDType(readInt(call.attributes, 'to', 0), `The result of Cast "${call.name}"`);
  return [{ dtype, shape: requireInput(call, 0).shape }];
}
