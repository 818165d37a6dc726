/** Shapes of operators that move elements without computing on them. */
import { PawdexError } from '../../errors.js';
import { readConstant, readInt, readInts, resolveAxis } from '../attributes.js';
import { describeNode } from '../onnx-model.js';
import type { ShapeCall } from '../onnx-values.js';
import { countElements } from '../tensor.js';
import { broadcastShapes, requireInput, type ShapeRule } from './computing-shapes.js';

function requireConstant(call: ShapeCall, index: number): number[] {
  requireInput(call, index);
  return readConstant(call, index) as number[];
}

export const LAYOUT_SHAPES: Readonly<Record<string, ShapeRule>> = {
  Transpose: (call) => {
    const { shape } = requireInput(call, 0);
    const order = readInts(call.attributes, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
    return order.map((axis) => shape[axis] ?? Number.NaN);
  },

  Reshape: (call) => {
    const { shape } = requireInput(call, 0);
    const keepZero = readInt(call.attributes, 'allowzero', 0) === 1;
    const target = requireConstant(call, 1).map((d, axis) =>
      d === 0 && !keepZero ? (shape[axis] ?? Number.NaN) : d,
    );
    const size = countElements(shape);
    const rest = countElements(target.filter((d) => d !== -1));
    const result = target.map((d) => (d === -1 ? size / rest : d));
    return countElements(result) === size ? result : [Number.NaN];
  },

  Flatten: (call) => {
    const { shape } = requireInput(call, 0);
    const axis = resolveAxis(readInt(call.attributes, 'axis', 1), shape.length);
    return [countElements(shape.slice(0, axis)), countElements(shape.slice(axis))];
  },

  Squeeze: (call) => {
    const { shape } = requireInput(call, 0);
    const axes = readConstant(call, 1)?.map((axis) => resolveAxis(axis, shape.length));
    return shape.filter((d, axis) => (axes ? !axes.includes(axis) : d !== 1));
  },

  Unsqueeze: (call) => {
    const { shape } = requireInput(call, 0);
    const added = requireConstant(call, 1);
    const rank = shape.length + added.length;
    const axes = added.map((axis) => resolveAxis(axis, rank));
    const rest = [...shape];
    return Array.from({ length: rank }, (_, axis) =>
      axes.includes(axis) ? 1 : (rest.shift() ?? Number.NaN),
    );
  },

  Concat: (call) => {
    const first = requireInput(call, 0).shape;
    const axis = resolveAxis(readInt(call.attributes, 'axis', 0), first.length);
    let total = 0;
    call.inputs.forEach((_, index) => {
      const { shape } = requireInput(call, index);
      if (shape.length !== first.length || shape.some((size, a) => a !== axis && size !== first[a])) {
        throw new PawdexError('model_invalid', {
          detail: `${describeNode(call)} cannot join [${first}] and [${shape}] along axis ${axis}.`,
        });
      }
      total += shape[axis] ?? Number.NaN;
    });
    return first.with(axis, total);
  },

  Slice: (call) => {
    let { shape } = requireInput(call, 0);
    for (const range of resolveSlices(call, shape)) {
      shape = shape.with(range.axis, range.count);
    }
    return shape;
  },

  Gather: (call) => {
    const { shape } = requireInput(call, 0);
    const axis = resolveAxis(readInt(call.attributes, 'axis', 0), shape.length);
    return [...shape.slice(0, axis), ...requireInput(call, 1).shape, ...shape.slice(axis + 1)];
  },

  Pad: (call) => {
    const { shape } = requireInput(call, 0);
    const { before, after } = resolvePads(call, shape.length);
    return shape.map((d, axis) => d + (before[axis] ?? 0) + (after[axis] ?? 0));
  },

  Expand: (call) => broadcastShapes(requireInput(call, 0).shape, requireConstant(call, 1)),
};

/** The shape of each part of a Split node. */
export function splitShape(call: ShapeCall): (readonly number[])[] {
  const { shape } = requireInput(call, 0);
  const axis = resolveAxis(readInt(call.attributes, 'axis', 0), shape.length);
  const size = shape[axis] ?? Number.NaN;
  const parts = readInt(call.attributes, 'num_outputs', 2);
  const chunk = Math.ceil(size / parts);
  const equal = Array.from({ length: parts }, (_, i) => Math.min(chunk, size - i * chunk));
  return (readConstant(call, 1) ?? equal).map((length) => shape.with(axis, length));
}

/** Where a slice along one axis begins, its step and its number of elements. */
interface SliceRange {
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

/** Returns the number of elements that a Pad node adds before and after each axis; negative if it crops. */
export function resolvePads(call: ShapeCall, rank: number): { before: number[]; after: number[] } {
  const pads = requireConstant(call, 1);
  const before = new Array<number>(rank).fill(0);
  const after = [...before];
  const axes = readConstant(call, 3)?.map((axis) => resolveAxis(axis, rank)) ?? before.map((_, axis) => axis);
  axes.forEach((axis, i) => {
    before[axis] = pads[i] ?? Number.NaN;
    after[axis] = pads[i + axes.length] ?? Number.NaN;
  });
  return { before, after };
}
