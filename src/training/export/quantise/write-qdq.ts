/**
 * Writes the quantised encoder: integers between QuantizeLinear and DequantizeLinear (QDQ), the form in which onnxruntime
 * recognises what it can compute on integers. Every reader of a tensor gets its own DequantizeLinear, so that each operator
 * is surrounded by integers.
 */
import { type Attributes, createNode, type Model, type ModelNode } from '../../../onnx/onnx-model.js';
import { countElements, createFloatTensor, createZeros, type Tensor } from '../../../onnx/tensor.js';
import { selectUsedConstants } from '../../../onnx/walk-model.js';
import type { Affine, QuantisationPlan } from './quantisation-plan.js';

/** Names of a convolution's constants. */
export interface QuantisedConvolution {
  /** The float model's node. */
  readonly node: ModelNode;
  /** Name of its input as uint8, and the scale and zero point of its integers. */
  readonly input: string;
  readonly affine: Affine;
  /** Name of the int8 weights [filters, channels, height, width]. */
  readonly weight: string;
  /** float32 [filters]: value of one step of each filter's weights. */
  readonly scales: Float32Array;
  /** Name of the int32 bias [filters]; one step of it is `affine.scale * scales`. */
  readonly bias: string;
  /** Index of its first node in the quantised model. */
  readonly start: number;
}

/** A quantised model. Its weights and biases are set by storing tensors under the names of its convolutions. */
export interface QuantisedModel extends Model {
  readonly initialisers: Map<string, Tensor>;
  readonly convolutions: readonly QuantisedConvolution[];
}

/**
 * Largest absolute weight. With 7 bits, the sum of two products of weight and activation never overflows the 16 bits in
 * which CPUs without VNNI add them.
 */
export const MAX_WEIGHT = 64;
/** Largest absolute bias, which leaves room in the int32 that products are added to. */
const MAX_BIAS = 2 ** 30;

/**
 * Writes the quantised model. Weights and biases are zeros; `roundConvolutions` rounds them.
 *
 * @param model made by `prepareEncoder`
 * @param affines how to round each tensor that `plan.rounded` points to
 */
export function writeQdq(
  model: Model,
  plan: QuantisationPlan,
  affines: ReadonlyMap<string, Affine>,
): QuantisedModel {
  return new QdqWriter(model, plan, affines).write();
}

class QdqWriter {
  readonly #model: Model;
  readonly #plan: QuantisationPlan;
  readonly #affines: ReadonlyMap<string, Affine>;
  readonly #nodes: ModelNode[] = [];
  readonly #initialisers: Map<string, Tensor>;
  readonly #convolutions: QuantisedConvolution[] = [];
  #reads = 0;

  constructor(model: Model, plan: QuantisationPlan, affines: ReadonlyMap<string, Affine>) {
    this.#model = model;
    this.#plan = plan;
    this.#affines = affines;
    this.#initialisers = new Map(model.initialisers);
  }

  write(): QuantisedModel {
    const { rounded, activated, sources } = this.#plan;
    for (const { name } of this.#model.inputs) {
      if (rounded.has(name)) {
        this.#round(name);
      }
    }
    for (const node of this.#model.nodes) {
      const isRedundant = activated.has(node.inputs[0] ?? '') || sources.has(node.outputs[0] ?? '');
      if (!isRedundant) {
        this.#writeNode(node);
      }
    }
    const nodes = this.#nodes;
    const initialisers = selectUsedConstants(nodes, this.#initialisers);
    return { ...this.#model, nodes, initialisers, convolutions: this.#convolutions };
  }

  #writeNode(node: ModelNode): void {
    const { integer, activated, integerOutputs, rounded, sources } = this.#plan;
    const onIntegers = integer.has(node);
    const isReadAsIntegers = (name: string) => onIntegers || integerOutputs.has(name) || sources.has(name);
    const inputs =
      node.op === 'Conv' && onIntegers
        ? this.#writeConvolutionInputs(node)
        : node.inputs.map((name) => (isReadAsIntegers(name) ? this.#readAsFloat(name) : name));
    const outputs = node.outputs.map((name) => activated.get(name) ?? name);
    this.#nodes.push({ ...node, inputs, outputs });
    for (const name of outputs) {
      if (rounded.has(name)) {
        this.#round(name);
      }
    }
  }

  /** Writes the inputs of a convolution: data, weights and bias. */
  #writeConvolutionInputs(node: ModelNode): string[] {
    const start = this.#nodes.length;
    const [input = '', weightName = '', biasName = ''] = node.inputs;
    const affine = this.#getAffine(input);
    const x = this.#readAsFloat(input);
    const { shape } = this.#initialisers.get(weightName) as Tensor;
    const scales = this.#computeScales(weightName, biasName, affine.scale);
    const names = { weight: `${node.outputs[0]} weight`, bias: `${node.outputs[0]} bias` };
    const w = this.#writeConstant(names.weight, createZeros('int8', shape), scales);
    const biasScales = scales.map((scale) => scale * affine.scale);
    const b = this.#writeConstant(names.bias, createZeros('int32', [scales.length]), biasScales);
    this.#convolutions.push({
      node,
      input: this.#nameIntegers(input),
      affine,
      weight: `${names.weight} integers`,
      scales,
      bias: `${names.bias} integers`,
      start,
    });
    return [x, w, b];
  }

  /** Computes the value of one step of each filter's weights. @param step value of one step of the input's integers */
  #computeScales(weightName: string, biasName: string, step: number): Float32Array {
    const weight = this.#initialisers.get(weightName) as Tensor;
    const bias = this.#initialisers.get(biasName);
    const [filters = 0] = weight.shape;
    const size = countElements(weight.shape) / filters;
    return Float32Array.from({ length: filters }, (_, filter) => {
      const row = (weight.data as Float32Array).subarray(filter * size, (filter + 1) * size);
      const largest = row.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      const added = Math.abs(Number(bias?.data[filter] ?? 0));
      // The bias of a filter that is almost zero must fit into 32 bits.
      return Math.max(largest / MAX_WEIGHT, added / (step * MAX_BIAS)) || 1 / MAX_WEIGHT;
    });
  }

  #writeConstant(name: string, integers: Tensor, scales: Float32Array): string {
    this.#initialisers.set(`${name} integers`, integers);
    this.#initialisers.set(`${name} scale`, createFloatTensor(scales));
    this.#initialisers.set(`${name} zero`, createZeros(integers.dtype, [scales.length]));
    const inputs = ['integers', 'scale', 'zero'].map((part) => `${name} ${part}`);
    return this.#append('DequantizeLinear', inputs, `${name} read`, { axis: 0 });
  }

  #readAsFloat(name: string): string {
    this.#reads++;
    const inputs = [this.#nameIntegers(name), ...this.#writeAffine(name)];
    return this.#append('DequantizeLinear', inputs, `${name} read ${this.#reads}`);
  }

  #round(name: string): void {
    this.#append('QuantizeLinear', [name, ...this.#writeAffine(name)], this.#nameIntegers(name));
  }

  /** Returns the name of the integers of a tensor. */
  #nameIntegers(name: string): string {
    return this.#plan.sources.get(name)?.integers ?? `${name} integers`;
  }

  /** Writes scale and zero point of a tensor, and returns their names. */
  #writeAffine(name: string): [string, string] {
    const { scale, zero } = this.#getAffine(name);
    const names: [string, string] = [`${name} scale`, `${name} zero`];
    this.#initialisers.set(names[0], createFloatTensor([scale], []));
    this.#initialisers.set(names[1], { dtype: 'uint8', shape: [], data: Uint8Array.of(zero) });
    return names;
  }

  #getAffine(name: string): Affine {
    const { sources, rounded } = this.#plan;
    return sources.get(name) ?? (this.#affines.get(rounded.get(name) ?? '') as Affine);
  }

  #append(op: string, inputs: string[], output: string, attributes: Attributes = {}): string {
    this.#nodes.push(createNode(op, inputs, [output], attributes, `${op} ${output}`));
    return output;
  }
}
