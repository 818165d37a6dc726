/** What of an encoder is computed on integers. */
import type { Model, ModelNode } from '../../../onnx/onnx-model.js';
import { type Tensor, toNumbers } from '../../../onnx/tensor.js';

/** Scale and zero point of 8-bit activations: value = (integer - zero) * scale, integers 0..255. */
export interface Affine {
  readonly scale: number;
  readonly zero: number;
}

/** A tensor that is stored as integers from the start: what the graph's own DequantizeLinear reads. */
interface Source extends Affine {
  readonly integers: string;
}

/** The parts of a model by how they are computed; tensors go by their names in the float model. */
export interface QuantisationPlan {
  /** Convolutions on integers, in order. */
  readonly convolutions: readonly ModelNode[];
  /** All nodes on integers, the convolutions among them. */
  readonly integer: ReadonlySet<ModelNode>;
  /** Activations that the rounding to 0..255 clips in passing -> the tensor they would have made. */
  readonly absorbed: ReadonlyMap<ModelNode, string>;
  /** Output of a quantised node -> the same behind its absorbed activation. */
  readonly activated: ReadonlyMap<string, string>;
  /** Tensors to be rounded to 8 bit, each with the one whose range it takes: itself, or a pooling's input. */
  readonly rounded: ReadonlyMap<string, string>;
  readonly sources: ReadonlyMap<string, Source>;
}

/**
 * Chooses the nodes: 2-D convolutions with constant weights over more than one position (not those of a
 * squeeze-and-excite branch, which are cheap and sensitive), residual additions between what they make, and the maximum
 * poolings in between.
 *
 * @param model made by `prepare`
 * @param shapes of the convolutions' and additions' outputs for one photo
 */
export function planQuantisation(
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
): QuantisationPlan {
  const { initialisers } = model;
  const consumers = new Map<string, ModelNode[]>();
  for (const node of model.nodes) {
    for (const name of node.inputs) {
      consumers.set(name, [...(consumers.get(name) ?? []), node]);
    }
  }
  const isOutput = new Set(model.outputs.map(({ name }) => name));
  const hasPositions = (name: string) => {
    const [, , height = 1, width = 1] = shapes.get(name) ?? [];
    return height * width > 1;
  };
  const integer = new Set<ModelNode>();
  const absorbed = new Map<ModelNode, string>();
  const activated = new Map<string, string>();
  const rounded = new Map<string, string>();
  const sources = new Map<string, Source>();
  /** Tensors that an integer node makes. */
  const made = new Set<string>();

  const take = (node: ModelNode, inputs: readonly string[]) => {
    const [output = ''] = node.outputs;
    const [next, ...others] = consumers.get(output) ?? [];
    const absorbs = next !== undefined && others.length === 0 && isClippingAtZero(next, initialisers);
    const result = absorbs ? (next.outputs[0] ?? '') : output;
    if (isOutput.has(result)) {
      return;
    }
    if (absorbs) {
      absorbed.set(next, result);
      activated.set(output, result);
    }
    integer.add(node);
    made.add(result);
    for (const name of inputs) {
      if (!sources.has(name) && !rounded.has(name)) {
        rounded.set(name, name);
      }
    }
    rounded.set(result, result);
  };

  for (const node of model.nodes) {
    const [x = '', y = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.domain !== '' || isOutput.has(output)) {
      continue;
    }
    const weight = initialisers.get(y);
    if (node.op === 'DequantizeLinear') {
      const source = readSource(node, initialisers);
      if (source) {
        sources.set(output, source);
      }
    } else if (node.op === 'Conv') {
      const bias = node.inputs[2];
      const constant = weight?.dtype === 'float32' && (!bias || initialisers.has(bias));
      if (constant && weight.shape.length === 4 && hasPositions(output)) {
        take(node, [x]);
      }
    } else if (node.op === 'Add') {
      const residual = !weight && !initialisers.has(x) && (made.has(x) || made.has(y));
      if (residual && hasPositions(output)) {
        take(node, [x, y]);
      }
    } else if (node.op === 'MaxPool' && made.has(x) && node.outputs.length === 1) {
      integer.add(node);
      made.add(output);
      rounded.set(output, rounded.get(x) ?? x);
    }
  }
  const convolutions = [...integer].filter(({ op }) => op === 'Conv');
  return { convolutions, integer, absorbed, activated, rounded, sources };
}

/** Whether a node is a Relu, or a Clip from 0 up: its range begins at 0, so rounding to 0..255 does the same. */
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
