/**
 * The tall layout. A batch [N, C, H, W] is stacked into one tall image [1, C, N * H, W]; a 1x1 convolution is then one
 * matrix product over all images, forwards and backwards, and its weight gradient needs no sum over the batch. Depthwise
 * convolutions work on the same memory as [C, N, H, W]. If all trained convolutions of a network are of these two kinds
 * (MobileNet, EfficientNet), it enters the layout once, by a transposition, and leaves it at global pooling.
 */
import { readInt } from '../../../onnx/attributes.js';
import type { Attributes, Model, ModelNode } from '../../../onnx/onnx-model.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { computeWindow, isPointwise } from '../../../onnx/shapes/window-shapes.js';
import { appendDepthwise, type Window2d } from '../depthwise.js';
import type { GraphBuilder } from '../graph-builder.js';

/** The largest image side for which {@link appendDepthwise} is used: its work grows with the row's length. */
const MAX_SIDE = 64;

const UNARY = new Set(
  'Clip Relu LeakyRelu Sigmoid HardSwish HardSigmoid Gelu Tanh Softplus Identity'.split(' '),
);
const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * Whether the tall layout suits a model: every convolution that a gradient passes is 1x1 or depthwise. Each other
 * convolution would cost two transpositions.
 *
 * @param trained names of the values that a gradient passes
 */
export function isTallLayoutSuitable(model: Model, trained: ReadonlySet<string>): boolean {
  const convolutions = model.nodes.filter(
    ({ op, outputs }) => op === 'Conv' && trained.has(outputs[0] ?? ''),
  );
  const separable = convolutions.filter(({ inputs, attributes }) => {
    const shape = model.initialisers.get(inputs[1] ?? '')?.shape ?? [];
    const group = readInt(attributes, 'group', 1);
    const pointwise = group === 1 && shape.length === 4 && shape[2] === 1 && shape[3] === 1;
    return pointwise || (shape.length === 4 && group === shape[0] && shape[1] === 1);
  });
  return separable.length > 0 && separable.length === convolutions.length;
}

/** Keeps track of which values of an import are in the tall layout, and converts where the layouts meet. */
export class TallLayout {
  readonly #g: GraphBuilder;
  /** Maps tall values to their shape in the model, [N, C, H, W]. */
  readonly #modelShapes = new Map<Value, readonly number[]>();
  readonly #toTall = new Map<Value, Value>();
  readonly #toPlain = new Map<Value, Value>();

  constructor(g: GraphBuilder) {
    this.#g = g;
  }

  /** Returns the value in the model's own layout. */
  leave(value: Value): Value {
    const shape = this.#modelShapes.get(value);
    if (shape === undefined) {
      return value;
    }
    const cached = this.#toPlain.get(value);
    if (cached) {
      return cached;
    }
    const plain = this.#g.transpose(this.#viewPlanes(value), [1, 0, 2, 3]);
    this.#toPlain.set(value, plain);
    return plain;
  }

  /**
   * Appends a node in the tall layout.
   *
   * @param inputs the node's inputs, in either layout
   * @param trained whether a gradient passes the node
   * @returns undefined if the node has to be appended unchanged, to plain inputs
   */
  apply(node: ModelNode, inputs: readonly (Value | undefined)[], trained: boolean): Value | undefined {
    const [x, second] = inputs;
    if (!x || node.domain !== '') {
      return undefined;
    }
    const isTall = this.#modelShapes.has(x);
    if (node.op === 'Conv' && second && trained) {
      return this.#appendConv(node, x, second, inputs[2]);
    }
    if (isTall && node.op === 'GlobalAveragePool') {
      return this.#appendGlobalAverage(x);
    }
    if (isTall && UNARY.has(node.op)) {
      return this.#markTall(this.#g.op(node.op, inputs, { ...node.attributes }), this.#getModelShape(x));
    }
    const hasSameShape = second && String(this.#getModelShape(x)) === String(this.#getModelShape(second));
    if (BINARY.has(node.op) && hasSameShape && (isTall || this.#modelShapes.has(second))) {
      return this.#markTall(
        this.#g.op(node.op, [this.#enter(x), this.#enter(second)]),
        this.#getModelShape(x),
      );
    }
    return undefined;
  }

  #appendConv(node: ModelNode, x: Value, weight: Value, bias: Value | undefined): Value | undefined {
    const [batch = 1, , ...spatial] = this.#getModelShape(x);
    const kind = findTallWindow(weight, readInt(node.attributes, 'group', 1), spatial, node.attributes);
    if (kind === undefined) {
      return undefined;
    }
    const { window, pointwise } = kind;
    const g = this.#g;
    const shape = [batch, weight.shape[0] ?? 1, ...window.map(({ output }) => output)];
    const tall = this.#enter(x);
    if (pointwise) {
      return this.#markTall(g.op('Conv', [tall, weight, bias], { kernel_shape: [1, 1] }), shape);
    }
    const planes = appendDepthwise(g, this.#viewPlanes(tall), weight, window);
    const y = g.reshape(planes, computeTallShape(shape));
    return this.#markTall(bias ? g.add(y, g.reshape(bias, [1, bias.shape[0] ?? 1, 1, 1])) : y, shape);
  }

  #appendGlobalAverage(x: Value): Value {
    const [batch = 1, channels = 1, height = 1, width = 1] = this.#getModelShape(x);
    const g = this.#g;
    const mean = g.reduceMean(g.reshape(x, [channels, batch, height * width]), [2], false);
    return g.reshape(g.transpose(mean, [1, 0]), [batch, channels, 1, 1]);
  }

  #getModelShape(value: Value): readonly number[] {
    return this.#modelShapes.get(value) ?? value.shape;
  }

  #markTall(value: Value, modelShape: readonly number[]): Value {
    this.#modelShapes.set(value, modelShape);
    return value;
  }

  /** Returns the value in the tall layout. */
  #enter(value: Value): Value {
    if (this.#modelShapes.has(value)) {
      return value;
    }
    const cached = this.#toTall.get(value);
    if (cached) {
      return cached;
    }
    const tall = this.#g.reshape(this.#g.transpose(value, [1, 0, 2, 3]), computeTallShape(value.shape));
    this.#toTall.set(value, tall);
    return this.#markTall(tall, value.shape);
  }

  /** Returns a tall value as [C, N, H, W]. */
  #viewPlanes(value: Value): Value {
    const [batch = 1, channels = 1, height = 1, width = 1] = this.#getModelShape(value);
    return this.#g.reshape(value, [channels, batch, height, width]);
  }
}

function computeTallShape([batch = 1, channels = 1, height = 1, width = 1]: readonly number[]): number[] {
  return [1, channels, batch * height, width];
}

/** Returns the window of a convolution that the tall layout supports, or undefined. */
function findTallWindow(
  weight: Value,
  group: number,
  spatial: readonly number[],
  attributes: Attributes,
): { window: Window2d; pointwise: boolean } | undefined {
  if (spatial.length !== 2) {
    return undefined;
  }
  const window = computeWindow(attributes, spatial, weight.shape.slice(2)) as Window2d;
  const pointwise = group === 1 && isPointwise(window);
  const perChannel = group === weight.shape[0] && weight.shape[1] === 1 && Math.max(...spatial) <= MAX_SIDE;
  return pointwise || perChannel ? { window, pointwise } : undefined;
}
