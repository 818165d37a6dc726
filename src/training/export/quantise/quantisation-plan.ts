/** Decides which parts of an encoder are computed on integers. */
import { groupBy } from '../../../math/group-by.js';
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
  /** Maps the output of a node to that of the activation after it, which rounding to 0..255 makes redundant. */
  readonly activated: ReadonlyMap<string, string>;
  /** Tensors that nodes on integers compute. They exist as integers only. */
  readonly integerOutputs: ReadonlySet<string>;
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
  const reads = model.nodes.flatMap((node) => node.inputs.map((name) => ({ name, node })));
  const draft: Draft = {
    shapes,
    initialisers: model.initialisers,
    outputs: new Set(model.outputs.map(({ name }) => name)),
    readers: groupBy(reads, ({ name }) => name),
    integer: new Set(),
    activated: new Map(),
    integerOutputs: new Set(),
    rounded: new Map(),
    sources: new Map(),
  };
  for (const node of model.nodes) {
    if (node.domain === '' && !draft.outputs.has(node.outputs[0] ?? '')) {
      planNode(draft, node);
    }
  }
  const { integer, activated, integerOutputs, rounded, sources } = draft;
  const convolutions = [...integer].filter(({ op }) => op === 'Conv');
  return { convolutions, integer, activated, integerOutputs, rounded, sources };
}

/** A plan in the making, and what it is about. */
interface Draft {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly initialisers: Model['initialisers'];
  readonly outputs: ReadonlySet<string>;
  /** Maps tensors to the nodes that read them. */
  readonly readers: ReadonlyMap<string, readonly { node: ModelNode }[]>;
  readonly integer: Set<ModelNode>;
  readonly activated: Map<string, string>;
  readonly integerOutputs: Set<string>;
  readonly rounded: Map<string, string>;
  readonly sources: Map<string, Source>;
}

function planNode(draft: Draft, node: ModelNode): void {
  const [x = '', y = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const source = node.op === 'DequantizeLinear' ? readSource(node, draft.initialisers) : undefined;
  if (source !== undefined) {
    draft.sources.set(output, source);
  } else if (isConvolution(draft, node)) {
    moveToIntegers(draft, node, [x]);
  } else if (isResidualAddition(draft, node)) {
    moveToIntegers(draft, node, [x, y]);
  } else if (node.op === 'MaxPool' && draft.integerOutputs.has(x) && node.outputs.length === 1) {
    draft.integer.add(node);
    draft.integerOutputs.add(output);
    draft.rounded.set(output, draft.rounded.get(x) ?? x);
  }
}

function isConvolution(draft: Draft, { op, inputs: [, weightName = '', bias], outputs }: ModelNode): boolean {
  const weight = draft.initialisers.get(weightName);
  const isConstant = weight?.dtype === 'float32' && (!bias || draft.initialisers.has(bias));
  return op === 'Conv' && isConstant && weight.shape.length === 4 && hasPositions(draft, outputs[0] ?? '');
}

function isResidualAddition(draft: Draft, { op, inputs: [x = '', y = ''], outputs }: ModelNode): boolean {
  const { initialisers, integerOutputs } = draft;
  const isOfData = !initialisers.has(x) && !initialisers.has(y);
  const isOfIntegers = integerOutputs.has(x) || integerOutputs.has(y);
  return op === 'Add' && isOfData && isOfIntegers && hasPositions(draft, outputs[0] ?? '');
}

function hasPositions({ shapes }: Draft, name: string): boolean {
  const [, , height = 1, width = 1] = shapes.get(name) ?? [];
  return height * width > 1;
}

/** Moves a node to integers, and absorbs the activation after it if rounding has the same effect. */
function moveToIntegers(draft: Draft, node: ModelNode, inputs: readonly string[]): void {
  const { outputs, readers, sources, rounded } = draft;
  const [output = ''] = node.outputs;
  const [next, ...others] = (readers.get(output) ?? []).map((reader) => reader.node);
  const isAbsorbing = next !== undefined && others.length === 0 && isClippingAtZero(next, draft.initialisers);
  const result = isAbsorbing ? (next.outputs[0] ?? '') : output;
  if (outputs.has(result)) {
    return;
  }
  if (isAbsorbing) {
    draft.activated.set(output, result);
  }
  draft.integer.add(node);
  draft.integerOutputs.add(result);
  for (const name of inputs) {
    if (!sources.has(name) && !rounded.has(name)) {
      rounded.set(name, name);
    }
  }
  rounded.set(result, result);
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
