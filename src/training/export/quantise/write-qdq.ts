/**
 * Writes the quantised encoder: integers between QuantizeLinear and DequantizeLinear (QDQ), the form in which onnxruntime
 * recognises what it can compute on integers. Every reader of a tensor gets its own DequantizeLinear, so that each operator
 * is surrounded by integers.
 */
import { type Attributes, createNode, type Model, type ModelNode } from '../../../onnx/onnx-model.js';
import { countElements, createFloatTensor, type Tensor } from '../../../onnx/tensor.js';
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

/** A quantised model. Its convolutions can be rounded again by storing new tensors under the same names. */
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
 * Writes the quantised model, with everything rounded to nearest.
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
  /** Maps tensors that exist as integers to the names of the integers. */
  readonly #integers: Map<string, string>;
  /** Tensors that exist as integers only. */
  readonly #integersOnly: Set<string>;
  #reads = 0;

  constructor(model: Model, plan: QuantisationPlan, affines: ReadonlyMap<string, Affine>) {
    this.#model = model;
    this.#plan = plan;
    this.#affines = affines;
    this.#initialisers = new Map(model.initialisers);
    this.#integers = new Map([...plan.sources].map(([name, source]) => [name, source.integers]));
    this.#integersOnly = new Set(plan.sources.keys());
  }

  write(): QuantisedModel {
    const { rounded, absorbed, sources } = this.#plan;
    for (const { name } of this.#model.inputs) {
      if (rounded.has(name)) {
        this.#round(name);
      }
    }
    for (const node of this.#model.nodes) {
      if (!absorbed.has(node) && !node.outputs.some((name) => sources.has(name))) {
        this.#writeNode(node);
      }
    }
    const nodes = this.#nodes;
    const initialisers = selectUsedConstants(nodes, this.#initialisers);
    return { ...this.#model, nodes, initialisers, convolutions: this.#convolutions };
  }

  #writeNode(node: ModelNode): void {
    const { integer, activated, rounded } = this.#plan;
    const onIntegers = integer.has(node);
    const inputs =
      node.op === 'Conv' && onIntegers
        ? this.#writeConvolutionInputs(node)
        : node.inputs.map((name) =>
            onIntegers || this.#integersOnly.has(name) ? this.#readAsFloat(name) : name,
          );
    const outputs = node.outputs.map((name) => activated.get(name) ?? name);
    this.#nodes.push({ ...node, inputs, outputs });
    for (const name of outputs) {
      if (rounded.has(name)) {
        this.#round(name);
      }
      if (onIntegers) {
        this.#integersOnly.add(name);
      }
    }
  }

  /** Writes the inputs of a convolution: data, weights and bias. */
  #writeConvolutionInputs(node: ModelNode): string[] {
    const start = this.#nodes.length;
    const [input = '', weightName = '', biasName = ''] = node.inputs;
    const affine = this.#getAffine(input);
    const x = this.#readAsFloat(input);
    const weight = this.#initialisers.get(weightName) as Tensor;
    const rounded = roundWeights(weight, this.#initialisers.get(biasName), affine.scale);
    const { scales } = rounded;
    const names = { weight: `${node.outputs[0]} weight`, bias: `${node.outputs[0]} bias` };
    const w = this.#writeConstant(names.weight, rounded.weight, scales);
    const biasScales = scales.map((scale) => scale * affine.scale);
    const b = this.#writeConstant(names.bias, rounded.bias, biasScales);
    this.#convolutions.push({
      node,
      input: this.#integers.get(input) ?? '',
      affine,
      weight: `${names.weight} integers`,
      scales,
      bias: `${names.bias} integers`,
      start,
    });
    return [x, w, b];
  }

  #writeConstant(name: string, tensor: Tensor, scales: Float32Array): string {
    const zeros = {
      ...tensor,
      shape: [scales.length],
      data: tensor.data.slice(0, scales.length).fill(0 as never),
    };
    this.#initialisers.set(`${name} integers`, tensor);
    this.#initialisers.set(`${name} scale`, createFloatTensor(scales));
    this.#initialisers.set(`${name} zero`, zeros);
    const inputs = ['integers', 'scale', 'zero'].map((part) => `${name} ${part}`);
    return this.#append('DequantizeLinear', inputs, `${name} read`, { axis: 0 });
  }

  #readAsFloat(name: string): string {
    this.#reads++;
    const inputs = [this.#integers.get(name) ?? '', ...this.#writeAffine(name)];
    return this.#append('DequantizeLinear', inputs, `${name} read ${this.#reads}`);
  }

  #round(name: string): void {
    const inputs = [name, ...this.#writeAffine(name)];
    this.#integers.set(name, this.#append('QuantizeLinear', inputs, `${name} integers`));
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

/** Rounds to nearest, with one scale per filter. @param step value of one step of the input's integers */
function roundWeights(weight: Tensor, bias: Tensor | undefined, step: number) {
  const [filters = 0] = weight.shape;
  const size = countElements(weight.shape) / filters;
  const values = weight.data as Float32Array;
  const scales = new Float32Array(filters);
  const biases = new Int32Array(filters);
  const integers = new Int8Array(values.length);
  for (let f = 0; f < filters; f++) {
    const row = values.subarray(f * size, (f + 1) * size);
    const largest = row.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const added = Number(bias?.data[f] ?? 0);
    // The bias of a filter that is almost zero must fit into 32 bits.
    const scale = Math.fround(
      Math.max(largest / MAX_WEIGHT, Math.abs(added) / (step * MAX_BIAS)) || 1 / MAX_WEIGHT,
    );
    scales[f] = scale;
    for (let i = 0; i < size; i++) {
      integers[f * size + i] = Math.round(row[i]! / scale);
    }
    biases[f] = Math.round(added / (step * scale));
  }
  return {
    weight: { dtype: 'int8', shape: weight.shape, data: integers } satisfies Tensor,
    bias: { dtype: 'int32', shape: [filters], data: biases } satisfies Tensor,
    scales,
  };
}
