/**
 * Writes computations: one method per operator, named after it. Numbers are accepted in place of tensors, and axes are
 * plain lists.
 */
import type { Attributes } from '../../onnx/onnx-model.js';
import type { ShapeCall, Value } from '../../onnx/onnx-values.js';
import {
  countElements,
  createFloatTensor,
  createIntTensor,
  type DType,
  encodeDType,
  type Tensor,
} from '../../onnx/tensor.js';
import { type GraphNode, OperatorGraph } from './operator-graph.js';

/** A value, or a number that becomes a float32 scalar constant. */
export type Operand = Value | number;

const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** What a gradient rule knows about its node. */
export interface RuleCall {
  /** The graph that the gradient is added to. */
  readonly g: GraphBuilder;
  readonly node: GraphNode;
  /** The node's first input. */
  readonly x: Value;
  /** The node's first output. */
  readonly y: Value;
  /** The gradient of the loss with respect to `y`, of the shape of `y`. */
  readonly dy: Value;
  /** The same for every output; undefined for those that the loss does not depend on. */
  readonly dys: readonly (Value | undefined)[];
  /** Returns the required input `index`. */
  input(index: number): Value;
  /** Whether the gradient with respect to input `index` is needed. Others can be left out. */
  needs(index: number): boolean;
  /** The node, for shape inference. */
  readonly shapes: ShapeCall;
}

/**
 * Builds the gradients of the loss with respect to a node's inputs (a vector-Jacobian product).
 *
 * @returns one entry per input, each of its input's shape; undefined where the gradient is zero or not needed
 */
export type GradientRule = (call: RuleCall) => (Value | undefined)[];

/** An {@link OperatorGraph} with a method for every operator that losses, gradients and optimisers use. */
export class GraphBuilder extends OperatorGraph {
  readonly #shared = new Map<string, Value>();
  readonly compositeRules = new Map<GraphNode, GradientRule>();

  /**
   * Appends the operators of `build` as one unit with its own gradient, if that is simpler or faster than differentiating
   * the operators inside.
   */
  composite(name: string, inputs: readonly Value[], build: () => Value, rule: GradientRule): Value {
    const node = this.appendComposite(name, inputs, build);
    this.compositeRules.set(node, rule);
    return node.outputs[0] as Value;
  }

  /** A constant that is created once per graph: the same `name` returns the same value. */
  shared(name: string, make: () => Tensor): Value {
    const constant = this.#shared.get(name) ?? this.constant(make(), name);
    this.#shared.set(name, constant);
    return constant;
  }

  /** A float32 scalar constant. */
  scalar(value: number): Value {
    return this.shared(`scalar ${value}`, () => createFloatTensor([value], []));
  }

  /** A one-dimensional int64 constant, such as axes or a shape. */
  integers(values: readonly number[]): Value {
    return this.shared(`integers ${values}`, () => createIntTensor(values));
  }

  /** A constant of zeros, stored as a broadcast scalar. */
  zeros(shape: readonly number[]): Value {
    return this.op('Expand', [this.scalar(0), this.integers(shape)]);
  }

  #value(operand: Operand): Value {
    return typeof operand === 'number' ? this.scalar(operand) : operand;
  }

  #binary(op: string, a: Operand, b: Operand): Value {
    return this.op(op, [this.#value(a), this.#value(b)]);
  }

  add = (a: Operand, b: Operand): Value => this.#binary('Add', a, b);
  sub = (a: Operand, b: Operand): Value => this.#binary('Sub', a, b);
  mul = (a: Operand, b: Operand): Value => this.#binary('Mul', a, b);
  div = (a: Operand, b: Operand): Value => this.#binary('Div', a, b);
  pow = (a: Operand, b: Operand): Value => this.#binary('Pow', a, b);
  max = (a: Operand, b: Operand): Value => this.#binary('Max', a, b);
  min = (a: Operand, b: Operand): Value => this.#binary('Min', a, b);
  greater = (a: Operand, b: Operand): Value => this.#binary('Greater', a, b);
  equal = (a: Operand, b: Operand): Value => this.#binary('Equal', a, b);
  and = (a: Value, b: Value): Value => this.op('And', [a, b]);
  neg = (x: Value): Value => this.op('Neg', [x]);
  exp = (x: Value): Value => this.op('Exp', [x]);
  log = (x: Value): Value => this.op('Log', [x]);
  sqrt = (x: Value): Value => this.op('Sqrt', [x]);
  tanh = (x: Value): Value => this.op('Tanh', [x]);
  erf = (x: Value): Value => this.op('Erf', [x]);
  sign = (x: Value): Value => this.op('Sign', [x]);
  sigmoid = (x: Value): Value => this.op('Sigmoid', [x]);
  matMul = (a: Value, b: Value): Value => this.op('MatMul', [a, b]);

  /** x * x, which is cheaper than a power. */
  square = (x: Value): Value => this.mul(x, x);

  /** `a` where `condition` holds, else `b`. */
  where = (condition: Value, a: Operand, b: Operand): Value =>
    this.op('Where', [condition, this.#value(a), this.#value(b)]);

  cast = (x: Value, to: DType): Value => (x.dtype === to ? x : this.op('Cast', [x], { to: encodeDType(to) }));

  #reduce(op: string, x: Value, axes: readonly number[], keepdims: boolean): Value {
    return this.op(op, [x, this.integers(axes)], { keepdims: keepdims ? 1 : 0, noop_with_empty_axes: 1 });
  }

  reduceSum = (x: Value, axes: readonly number[], keepdims = true): Value =>
    this.#reduce('ReduceSum', x, axes, keepdims);
  reduceMean = (x: Value, axes: readonly number[], keepdims = true): Value =>
    this.#reduce('ReduceMean', x, axes, keepdims);
  reduceL2 = (x: Value, axes: readonly number[], keepdims = true): Value =>
    this.#reduce('ReduceL2', x, axes, keepdims);
  reduceLogSumExp = (x: Value, axes: readonly number[], keepdims = true): Value =>
    this.#reduce('ReduceLogSumExp', x, axes, keepdims);

  sumAll = (x: Value): Value => (x.shape.length === 0 ? x : this.reduceSum(x, this.#axes(x), false));
  meanAll = (x: Value): Value => (x.shape.length === 0 ? x : this.reduceMean(x, this.#axes(x), false));

  #axes(x: Value): number[] {
    return x.shape.map((_, axis) => axis);
  }

  /** Reorders the axes. `order` has the input axis for each output axis. */
  transpose = (x: Value, order: readonly number[]): Value =>
    order.every((axis, i) => axis === i) ? x : this.op('Transpose', [x], { perm: order });

  /** Swaps the last two axes. */
  transposeLast(x: Value): Value {
    const order = this.#axes(x);
    const last = order.length - 1;
    return this.transpose(x, order.with(last, last - 1).with(last - 1, last));
  }

  reshape(x: Value, shape: readonly number[]): Value {
    if (x.shape.length === shape.length && x.shape.every((d, axis) => d === shape[axis])) {
      return x;
    }
    // allowzero: a zero is an empty axis here, never "copy from the input"
    const attributes = countElements(shape) === 0 ? { allowzero: 1 } : undefined;
    return this.op('Reshape', [x, this.integers(shape)], attributes);
  }

  /** Inserts axes of length 1 at the places they have in the result. */
  unsqueeze = (x: Value, axes: readonly number[]): Value => this.op('Unsqueeze', [x, this.integers(axes)]);

  expand = (x: Value, shape: readonly number[]): Value => this.op('Expand', [x, this.integers(shape)]);

  concat(parts: readonly Value[], axis: number): Value {
    return parts.length === 1 ? (parts[0] as Value) : this.op('Concat', parts, { axis });
  }

  /** Elements start, start + step, ... before `end` along one axis. */
  slice(x: Value, axis: number, start: number, end = TO_THE_END, step = 1): Value {
    const bounds = [start, end, axis, step].map((value) => this.integers([value]));
    return this.op('Slice', [x, ...bounds]);
  }

  /** Reverses the order along the given axes. */
  reverse(x: Value, axes: readonly number[]): Value {
    if (axes.length === 0) {
      return x;
    }
    const fill = (value: number) => this.integers(axes.map(() => value));
    return this.op('Slice', [x, fill(-1), fill(-TO_THE_END), this.integers(axes), fill(-1)]);
  }

  /** Pads each axis with zeros before and after. A negative amount crops. */
  pad(x: Value, before: readonly number[], after: readonly number[]): Value {
    const none = [...before, ...after].every((amount) => amount === 0);
    return none ? x : this.op('Pad', [x, this.integers([...before, ...after])]);
  }

  conv = (x: Value, weight: Value, attributes: Attributes): Value =>
    this.op('Conv', [x, weight], { kernel_shape: weight.shape.slice(2), ...attributes });

  convTranspose = (x: Value, weight: Value, attributes: Attributes): Value =>
    this.op('ConvTranspose', [x, weight], { kernel_shape: weight.shape.slice(2), ...attributes });
}
