/** Gradient rules of operators that move elements without computing on them. */
import { readInt, readInts, readString, resolveAxis } from '../../../onnx/attributes.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { resolvePads, resolveSlices } from '../../../onnx/shapes/layout-shapes.js';
import { countElements, createFloatTensor } from '../../../onnx/tensor.js';
import type { GradientRule, GraphBuilder, RuleCall } from '../graph-builder.js';
import { createNotDifferentiableError, sumTo } from './rule-helpers.js';

export const LAYOUT_RULES: Readonly<Record<string, GradientRule>> = {
  /** y = x. */
  Identity: ({ dy }) => [dy],

  Reshape: restoreShape,
  Flatten: restoreShape,
  Squeeze: restoreShape,
  Unsqueeze: restoreShape,

  /** y = x with its axes reordered: the gradient is ordered back. */
  Transpose: ({ g, node, x, dy }) => {
    const axes = x.shape.map((_, axis) => axis);
    const order = readInts(node.attributes, 'perm') ?? axes.toReversed();
    return [
      g.transpose(
        dy,
        axes.map((axis) => order.indexOf(axis)),
      ),
    ];
  },

  /** y = inputs joined along an axis: each input takes its part of the gradient. */
  Concat: ({ g, node, y, dy, input, needs }) => {
    const axis = resolveAxis(readInt(node.attributes, 'axis', 0), y.shape.length);
    let start = 0;
    return node.inputs.map((_, i) => {
      const from = start;
      start += input(i).shape[axis] ?? 0;
      return needs(i) ? g.slice(dy, axis, from, start) : undefined;
    });
  },

  /** The outputs are parts of x along an axis: their gradients are joined, zeros for those the loss ignores. */
  Split: ({ g, node, x, dys }) => {
    const axis = resolveAxis(readInt(node.attributes, 'axis', 0), x.shape.length);
    return [
      g.concat(
        node.outputs.map((output, i) => dys[i] ?? g.zeros(output.shape)),
        axis,
      ),
    ];
  },

  /** y = every step-th element of a range per axis: the gradient is spread back and zeros fill the rest. */
  Slice: ({ g, x, dy, shapes }) => {
    const before = x.shape.map(() => 0);
    const after = x.shape.map(() => 0);
    let gradient = dy;
    for (const { axis, start, step, count } of resolveSlices(shapes, x.shape)) {
      if (count === 0) {
        return [undefined];
      }
      if (step < 0) {
        gradient = g.reverse(gradient, [axis]);
      }
      gradient = interleaveZeros(g, gradient, axis, Math.abs(step));
      const first = step < 0 ? start + (count - 1) * step : start;
      before[axis] = first;
      after[axis] = (x.shape[axis] ?? 0) - first - (gradient.shape[axis] ?? 0);
    }
    return [g.pad(gradient, before, after)];
  },

  /**
   * y = rows of x along an axis: the rows' gradients are added at their sources. ScatterElements adds in a fixed order on
   * the CPU, so repeated indices give the same bits on every run.
   */
  Gather: ({ g, node, x, dy, input }) => {
    const axis = resolveAxis(readInt(node.attributes, 'axis', 0), x.shape.length);
    const count = countElements(input(1).shape);
    const rows = x.shape.with(axis, count);
    const column = x.shape.map((_, i) => (i === axis ? count : 1));
    const indices = g.expand(g.reshape(g.cast(input(1), 'int64'), column), rows);
    const updates = g.reshape(dy, rows);
    return [g.op('ScatterElements', [g.zeros(x.shape), indices, updates], { axis, reduction: 'add' })];
  },

  /** y = x with a border. Constant: the border is cropped. Edge, reflect, wrap: its gradient is added at its source. */
  Pad: ({ g, node, x, dy, needs, shapes }) => {
    if (needs(2)) {
      throw createNotDifferentiableError(node, 'its border value cannot be trained; freeze it.');
    }
    const { before, after } = resolvePads(shapes, x.shape.length);
    const mode = readString(node.attributes, 'mode', 'constant');
    if (mode === 'constant') {
      const opposite = (amounts: number[]) => amounts.map((amount) => 0 - amount);
      return [g.pad(dy, opposite(before), opposite(after))];
    }
    let gradient = dy;
    x.shape.forEach((length, axis) => {
      const lead = before[axis] ?? 0;
      if (lead === 0 && after[axis] === 0) {
        return;
      }
      const sources = Array.from({ length: dy.shape[axis] ?? 0 }, (_, i) =>
        findSource(mode, i - lead, length),
      );
      gradient = addToSources(g, gradient, axis, sources, length);
    });
    return [gradient];
  },

  /** y = x broadcast to a shape. */
  Expand: ({ g, x, dy }) => [sumTo(g, dy, x.shape)],
};

/** Reshape, Flatten, Squeeze and Unsqueeze: the gradient takes the input's shape. */
function restoreShape({ g, x, dy }: RuleCall): (Value | undefined)[] {
  return [g.reshape(dy, x.shape)];
}

/** Puts step - 1 zeros between neighbours along an axis. */
function interleaveZeros(g: GraphBuilder, x: Value, axis: number, step: number): Value {
  if (step === 1) {
    return x;
  }
  const none = [...x.shape.map(() => 0), 0];
  const cells = g.pad(g.unsqueeze(x, [axis + 1]), none, none.with(axis + 1, step - 1));
  const length = (x.shape[axis] ?? 0) * step;
  return g.slice(g.reshape(cells, x.shape.with(axis, length)), axis, 0, length - (step - 1));
}

/** Returns the element of a line of `length` that the border repeats at position `i`. */
function findSource(mode: string, i: number, length: number): number {
  if (mode === 'edge') {
    return Math.min(Math.max(i, 0), length - 1);
  }
  const modulo = (n: number) => ((i % n) + n) % n;
  if (mode === 'wrap') {
    return modulo(length);
  }
  if (length === 1) {
    return 0;
  }
  const position = modulo(2 * (length - 1));
  return position < length ? position : 2 * (length - 1) - position;
}

/** Adds element i of x to element sources[i] of the result along one axis, by a product with a 0/1 matrix. */
function addToSources(
  g: GraphBuilder,
  x: Value,
  axis: number,
  sources: readonly number[],
  length: number,
): Value {
  const matrix = new Float32Array(sources.length * length);
  sources.forEach((source, i) => {
    matrix[i * length + source] = 1;
  });
  const order = x.shape.map((_, i) => i);
  const last = order.length - 1;
  const swap = order.with(axis, last).with(last, axis);
  const selection = g.constant(createFloatTensor(matrix, [sources.length, length]), 'border');
  return g.transpose(g.matMul(g.transpose(x, swap), selection), swap);
}
