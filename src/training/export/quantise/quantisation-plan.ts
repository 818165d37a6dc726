/** Decides which parts of an encoder are computed on integers. */
import type { Model, ModelNode } from '../../../onnx/onnx-model.js';
import { type Tensor, toNumbers } from '../../../onnx/tensor.js';

/** Scale and zero point of 8-bit activations: value = (integer - zero) * scale, integers 0..255. */
export interface Affine {
  readonly scale: number;
  readonly zero: number;
}

/** A tensor that the graph itself stores as integers and reads through a DequantizeLinear. */
interface Source extends Affine {
  readonly integers: string;
}

/** How each part of a model is computed. Tensors have their names in the float model. */
export interface QuantisationPlan {
  /** Convolutions on integers, in order. */
  readonly convolutions: readonly ModelNode[];
  /** All nodes on integers, including the convolutions. */
  readonly integer: ReadonlySet<ModelNode>;
  /** Maps activations that rounding to 0..255 makes redundant to their output. */
  readonly absorbed: ReadonlyMap<ModelNode, string>;
  /** Maps the output of a node on integers to that of its absorbed activation. */
  readonly activated: ReadonlyMap<string, string>;
  /** Maps tensors to round to 8 bits to the tensor whose range they use: their own, or the input of a pooling. */
  readonly rounded: ReadonlyMap<string, string>;
  readonly sources: ReadonlyMap<string, Source>;
}

/**
 * Chooses the nodes that are computed on integers: 2-D convolutions with constant weights over more than one position,
 * residual additions between their results, and the maximum poolings in between. Convolutions over a single position belong
 * to squeeze-and-excite branches, which are cheap and sensitive.
 *
 * @param model made by `prepareEncoder`
 * @param shapes of the outputs of convolutions and additions for one photo
 */
export function planQuantisation(
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
): QuantisationPlan {
  return new QuantisationPlanner(model, shapes).plan();
}

class QuantisationPlanner {
  readonly #model: Model;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #consumers = new Map<string, ModelNode[]>();
  readonly #outputs: ReadonlySet<string>;
  readonly #integer = new Set<ModelNode>();
  readonly #absorbed = new Map<ModelNode, string>();
  readonly #activated = new Map<string, string>();
  readonly #rounded = new Map<string, string>();
  readonly #sources = new Map<string, Source>();
  /** Tensors computed by nodes on integers. */
  readonly #made = new Set<string>();

  constructor(model: Model, shapes: ReadonlyMap<string, readonly number[]>) {
    this.#model = model;
    this.#shapes = shapes;
    this.#outputs = new Set(model.outputs.map(({ name }) => name));
    for (const node of model.nodes) {
      for (const name of node.inputs) {
        this.#consumers.set(name, [...(this.#consumers.get(name) ?? []), node]);
      }
    }
  }

  plan(): QuantisationPlan {
    for (const node of this.#model.nodes) {
      if (node.domain === '' && !this.#outputs.has(node.outputs[0] ?? '')) {
        this.#consider(node);
      }
    }
    return {
      convolutions: [...this.#integer].filter(({ op }) => op === 'Conv'),
      integer: this.#integer,
      absorbed: this.#absorbed,
      activated: this.#activated,
      rounded: this.#rounded,
      sources: this.#sources,
    };
  }

  #consider(node: ModelNode): void {
    const { initialisers } = this.#model;
    const [x = '', y = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const source = node.op === 'DequantizeLinear' ? readSource(node, initialisers) : undefined;
    if (source !== undefined) {
      this.#sources.set(output, source);
    } else if (this.#isConvolution(node)) {
      this.#choose(node, [x]);
    } else if (this.#isResidualAddition(node)) {
      this.#choose(node, [x, y]);
    } else if (node.op === 'MaxPool' && this.#made.has(x) && node.outputs.length === 1) {
      this.#integer.add(node);
      this.#made.add(output);
      this.#rounded.set(output, this.#rounded.get(x) ?? x);
    }
  }

  #isConvolution({ op, inputs: [, weightName = '', bias], outputs: [output = ''] }: ModelNode): boolean {
    const { initialisers } = this.#model;
    const weight = initialisers.get(weightName);
    const isConstant = weight?.dtype === 'float32' && (!bias || initialisers.has(bias));
    return op === 'Conv' && isConstant && weight.shape.length === 4 && this.#hasPositions(output);
  }

  #isResidualAddition({ op, inputs: [x = '', y = ''], outputs: [output = ''] }: ModelNode): boolean {
    const { initialisers } = this.#model;
    const isOfData = !initialisers.has(x) && !initialisers.has(y);
    const isOfMade = this.#made.has(x) || this.#made.has(y);
    return op === 'Add' && isOfData && isOfMade && this.#hasPositions(output);
  }

  #hasPositions(name: string): boolean {
    const [, , height = 1, width = 1] = this.#shapes.get(name) ?? [];
    return height * width > 1;
  }

  /** Moves a node to integers, and absorbs the activation after it if rounding has the same effect. */
  #choose(node: ModelNode, inputs: readonly string[]): void {
    const [output = ''] = node.outputs;
    const [next, ...others] = this.#consumers.get(output) ?? [];
    const isAbsorbing =
      next !== undefined && others.length === 0 && isClippingAtZero(next, this.#model.initialisers);
    const result = isAbsorbing ? (next.outputs[0] ?? '') : output;
    if (this.#outputs.has(result)) {
      return;
    }
    if (isAbsorbing) {
      this.#absorbed.set(next, result);
      this.#activated.set(output, result);
    }
    this.#integer.add(node);
    this.#made.add(result);
    for (const name of inputs) {
      if (!this.#sources.has(name) && !this.#rounded.has(name)) {
        this.#rounded.set(name, name);
      }
    }
    this.#rounded.set(result, result);
  }
}

/** Whether a node is a Relu, or a Clip from 0 up. Its range begins at 0, so rounding to 0..255 has the same effect. */
function isClippingAtZero(node: ModelNode, initialisers: ReadonlyMap<string, Tensor>): boolean {
  if (node.op === 'Relu') {
    return true;
  }
  const low = initialisers.get(node.inputs[1] ?? '');
  return node.op === 'Clip' && low !== undefined && toNumbers(low)[0] === 0;
}

function readSource(node: ModelNode, initialisers: ReadonlyMap<string, Tensor>): Source | undefined {
  const [integers = '', ...settings] = node.inputs;
  const [scale, zero] = settings.map((name) => initialisers.get(name));
  if (scale?.data.length !== 1 || zero?.dtype !== 'uint8' || zero.data.length !== 1) {
    return undefined;
  }
  return { integers, scale: Number(scale.data[0]), zero: Number(zero.data[0]) };
}
