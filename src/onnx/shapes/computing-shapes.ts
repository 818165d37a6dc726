/** Shapes of operators that compute: element by element, matrix products and reductions. */
import { PawdexError } from '../../errors.js';
import { readConstant, readInt, resolveAxis } from '../attributes.js';
import { describeNode } from '../onnx-model.js';
import type { OperatorCall, ShapeCall, Value } from '../onnx-values.js';

/** Computes the shape of a node's only output, which has the element type of its first input. */
export type ShapeRule = (call: ShapeCall) => readonly number[];

/** Returns the required input `index`. @throws PawdexError model_invalid if it is missing */
export function requireInput(call: OperatorCall, index: number): Value {
  const value = call.inputs[index];
  if (value === undefined) {
    throw new PawdexError('model_invalid', { detail: `${describeNode(call)} has no input ${index}.` });
  }
  return value;
}

/** Computes the shape that two shapes broadcast to, with NaN where they do not match. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): readonly number[] {
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

const keepShape: ShapeRule = (call) => requireInput(call, 0).shape;

/** The shape that all inputs broadcast to. */
export const broadcastInputs: ShapeRule = (call) =>
  call.inputs.map((_, index) => requireInput(call, index).shape).reduce(broadcastShapes);

const gemm: ShapeRule = (call) => {
  const [a, b] = [requireInput(call, 0), requireInput(call, 1)];
  const [m, k] = readInt(call.attributes, 'transA', 0) ? a.shape.toReversed() : a.shape;
  const [k2, n] = readInt(call.attributes, 'transB', 0) ? b.shape.toReversed() : b.shape;
  return [m ?? Number.NaN, k === k2 && n !== undefined ? n : Number.NaN];
};

const matMul: ShapeRule = (call) => {
  const [a, b] = [requireInput(call, 0), requireInput(call, 1)];
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  const rows = a.shape.length === 1 ? [] : [left.at(-2) ?? Number.NaN];
  const columns = b.shape.length === 1 ? [] : [right.at(-1) ?? Number.NaN];
  return left.at(-1) === right.at(-2) ? [...batch, ...rows, ...columns] : [Number.NaN];
};

/** Returns the axes that a Reduce* node reduces, counted from the front and sorted. Without axes it reduces all. */
export function resolveReducedAxes(call: ShapeCall, rank: number): number[] {
  const axes = readConstant(call, 1) ?? [];
  if (axes.length > 0) {
    return axes.map((axis) => resolveAxis(axis, rank)).sort((a, b) => a - b);
  }
  if (readInt(call.attributes, 'noop_with_empty_axes', 0) === 1) {
    return [];
  }
  return Array.from({ length: rank }, (_, axis) => axis);
}

const reduction: ShapeRule = (call) => {
  const { shape } = requireInput(call, 0);
  const axes = resolveReducedAxes(call, shape.length);
  return readInt(call.attributes, 'keepdims', 1) === 1
    ? shape.map((d, axis) => (axes.includes(axis) ? 1 : d))
    : shape.filter((_, axis) => !axes.includes(axis));
};

const assignRule = (operators: string, rule: ShapeRule) =>
  Object.fromEntries(operators.split(' ').map((op) => [op, rule]));

export const COMPUTING_SHAPES: Readonly<Record<string, ShapeRule>> = {
  ...assignRule(
    'Neg Abs Sign Ceil Floor Reciprocal Clip Relu LeakyRelu Sigmoid HardSwish HardSigmoid Softplus Gelu Erf Exp Log',
    keepShape,
  ),
  ...assignRule(
    'Sqrt Tanh Softmax LogSoftmax Identity Dropout Not ScatterElements CumSum BatchNormalization',
    keepShape,
  ),
  ...assignRule('Add Sub Mul Div Pow Min Max Sum', broadcastInputs),
  ...assignRule(
    'ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare ReduceProd',
    reduction,
  ),
  Gemm: gemm,
  MatMul: matMul,
};
