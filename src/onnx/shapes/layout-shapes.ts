/** Shapes of operators that move elements without computing on them. */
import { PawdexError } from '../../errors.js';
import { readConstant, readInt, readInts, resolveAxis } from '../attributes.js';
import type { OutputSpec, ShapeCall } from '../onnx-values.js';
import { broadcastShapes, requireInput } from './computing-shapes.js';

/** Returns a single output with the element type of the first input. */
function createOutput(call: ShapeCall, shape: readonly number[]): OutputSpec[] {
  return [{ dtype: requireInput(call, 0).dtype, shape }];
}

/** Reads a required constant input. */
function requireConstant(call: ShapeCall, index: number): number[] {
  requireInput(call, index);
  return readConstant(call, index) as number[];
}

export function transpose(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const order = readInts(call.attributes, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
  return createOutput(
    call,
    order.map((axis) => shape[axis] ?? Number.NaN),
  );
}

export function reshape(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const keepZero = readInt(call.attributes, 'allowzero', 0) === 1;
  const wanted = requireConstant(call, 1).map((d, axis) =>
    d === 0 && !keepZero ? (shape[axis] ?? Number.NaN) : d,
  );
  const size = shape.reduce((a, b) => a * b, 1);
  const rest = wanted.reduce((a, b) => (b === -1 ? a : a * b), 1);
  const result = wanted.map((d) => (d === -1 ? size / rest : d));
  return createOutput(call, result.reduce((a, b) => a * b, 1) === size ? result : [Number.NaN]);
}

export function flatten(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const axis = resolveAxis(readInt(call.attributes, 'axis', 1), shape.length);
  const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
  return createOutput(call, [product(shape.slice(0, axis)), product(shape.slice(axis))]);
}

export function squeeze(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const axes = call.inputs[1]
    ? requireConstant(call, 1).map((axis) => resolveAxis(axis, shape.length))
    : undefined;
  return createOutput(
    call,
    shape.filter((d, axis) => (axes ? !axes.includes(axis) : d !== 1)),
  );
}

export function unsqueeze(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const added = requireConstant(call, 1);
  const rank = shape.length + added.length;
  const axes = added.map((axis) => resolveAxis(axis, rank));
  const rest = [...shape];
  return createOutput(
    call,
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? Number.NaN))),
  );
}

export function concat(call: ShapeCall): OutputSpec[] {
  const first = requireInput(call, 0).shape;
  const axis = resolveAxis(readInt(call.attributes, 'axis', 0), first.length);
  let total = 0;
  call.inputs.forEach((_, index) => {
    const { shape } = requireInput(call, index);
    if (shape.length !== first.length || shape.some((size, a) => a !== axis && size !== first[a])) {
      throw new PawdexError('model_invalid', {
        detail: `Concat "${call.name}" cannot join [${first}] and [${shape}] along axis ${axis}.`,
      });
    }
    total += shape[axis] ?? Number.NaN;
  });
  return createOutput(call, first.with(axis, total));
}

/** Where a slice along one axis begins, its step and its number of elements. */
export interface SliceRange {
  axis: number;
  start: number;
  step: number;
  count: number;
}

/** Resolves the starts, ends, axes and steps of a Slice node as ONNX does, negative and huge ones included. */
export function resolveSlices(call: ShapeCall, shape: readonly number[]): SliceRange[] {
  const starts = requireConstant(call, 1);
  const ends = requireConstant(call, 2);
  const axes = readConstant(call, 3) ?? starts.map((_, axis) => axis);
  const steps = readConstant(call, 4) ?? starts.map(() => 1);
  return starts.map((begin, i) => {
    const axis = resolveAxis(axes[i] ?? i, shape.length);
    const size = shape[axis] ?? Number.NaN;
    const step = steps[i] ?? 1;
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
    const start = Math.max(clamp(begin), 0);
    const count = Math.max(0, Math.ceil((clamp(ends[i] ?? 0) - start) / step));
    return { axis, start, step, count };
  });
}

export function slice(call: ShapeCall): OutputSpec[] {
  let { shape } = requireInput(call, 0);
  for (const range of resolveSlices(call, shape)) {
    shape = shape.with(range.axis, range.count);
  }
  return createOutput(call, shape);
}

export function split(call: ShapeCall): OutputSpec[] {
  const { dtype, shape } = requireInput(call, 0);
  const axis = resolveAxis(readInt(call.attributes, 'axis', 0), shape.length);
  const size = shape[axis] ?? Number.NaN;
  const parts = readInt(call.attributes, 'num_outputs', 2);
  const chunk = Math.ceil(size / parts);
  const equal = Array.from({ length: parts }, (_, i) => Math.min(chunk, size - i * chunk));
  const sizes = call.inputs[1] ? requireConstant(call, 1) : equal;
  return sizes.map((length) => ({ dtype, shape: shape.with(axis, length) }));
}

export function gather(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const axis = resolveAxis(readInt(call.attributes, 'axis', 0), shape.length);
  return createOutput(call, [
    ...shape.slice(0, axis),
    ...requireInput(call, 1).shape,
    ...shape.slice(axis + 1),
  ]);
}

/** Returns the number of elements that a Pad node adds before and after each axis; negative if it crops. */
export function resolvePads(call: ShapeCall, rank: number): { before: number[]; after: number[] } {
  const pads = requireConstant(call, 1);
  const axes = readConstant(call, 3)?.map((axis) => resolveAxis(axis, rank));
  const amounts = { before: new Array<number>(rank).fill(0), after: new Array<number>(rank).fill(0) };
  const named = axes ?? amounts.before.map((_, axis) => axis);
  named.forEach((axis, i) => {
    amounts.before[axis] = pads[i] ?? Number.NaN;
    amounts.after[axis] = pads[i + named.length] ?? Number.NaN;
  });
  return amounts;
}

export function pad(call: ShapeCall): OutputSpec[] {
  const { shape } = requireInput(call, 0);
  const { before, after } = resolvePads(call, shape.length);
  return createOutput(
    call,
    shape.map((d, axis) => d + (before[axis] ?? 0) + (after[axis] ?? 0)),
  );
}

export function expand(call: ShapeCall): OutputSpec[] {
  return createOutput(call, broadcastShapes(requireInput(call, 0).shape, requireConstant(call, 1)));
}
