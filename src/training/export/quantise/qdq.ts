/**
 * Writing the quantised encoder: integers between QuantizeLinear and DequantizeLinear (QDQ), the form in which
 * onnxruntime finds what it can compute on integers. Every reader of a tensor has a DequantizeLinear of its own, so that
 * each operator stands alone between integers.
 */
import type { Model, ModelNode } from '../../../onnx/onnx-model.js';
import { countElements, createFloatTensor, type Tensor } from '../../../onnx/tensor.js';
import type { Affine, QuantisationPlan } from './quantisation-plan.js';

/** Names of a convolution's constants. */
export interface QuantisedConvolution {
  /** The float model's node. */
  readonly node: ModelNode;
  /** Name of its input as uint8, and how that is read. */
  readonly input: string;
  readonly affine: Affine;
  /** Name of the int8 weights [filters, channels, height, width]. */
  readonly weight: string;
  /** float32 [filters]: value of one step of each filter's weights. */
  readonly scales: Float32Array;
  /** Name of the int32 bias [filters]; one step of it is `affine.scale * scales`. */
  readonly bias: string;
  /** Where in the quantised model's nodes its own begin. */
  readonly start: number;
}

/** A quantised model whose convolutions can still be rounded otherwise: by new tensors under the old names. */
export interface QuantisedModel extends Model {
  readonly initialisers: Map<string, Tensor>;
  readonly convolutions: readonly QuantisedConvolution[];
}

/** Largest absolute weight. With 7 bit, two products of weight and activation never overflow the 16 bit in which CPUs
 * without VNNI add them up. */
export const WEIGHT_LIMIT = 64;
/** Largest share of int32 that a bias may take. */
const BIAS_LIMIT = 2 ** 30;

/**
 * Rounds everything to nearest.
 *
 * @param model made by `prepare`
 * @param affines how each tensor is rounded whose range counts
 */
export function writeQdq(
  model: Model,
  plan: QuantisationPlan,
  affines: ReadonlyMap<string, Affine>,
): QuantisedModel {
  const nodes: ModelNode[] = [];
  const initialisers = new Map(model.initialisers);
  const convolutions: QuantisedConvolution[] = [];
  /** Tensors that exist as integers -> name of the integers. */
  const integers = new Map([...plan.sources].map(([name, source]) => [name, source.integers]));
  /** Tensors that exist as integers only. */
  const integersOnly = new Set(plan.sources.keys());
  let copies = 0;

  const affineOf = (name: string): Affine =>
    plan.sources.get(name) ?? (affines.get(plan.rounded.get(name) ?? '') as Affine);
  const settings = (name: string): string[] => {
    const { scale, zero } = affineOf(name);
    const names = [`${name} scale`, `${name} zero`] as const;
    initialisers.set(names[0], createFloatTensor([scale], []));
    initialisers.set(names[1], { dtype: 'uint8', shape: [], data: Uint8Array.of(zero) });
    return [...names];
  };
  const linear = (op: string, inputs: string[], output: string, attributes = {}) => {
    nodes.push({ op, domain: '', name: `${op} ${output}`, inputs, outputs: [output], attributes });
    return output;
  };
  const floatOf = (name: string): string => {
    copies += 1;
    return linear(
      'DequantizeLinear',
      [integers.get(name) ?? '', ...settings(name)],
      `${name} read ${copies}`,
    );
  };
  const round = (name: string) => {
    integers.set(name, linear('QuantizeLinear', [name, ...settings(name)], `${name} integers`));
  };
  const constant = (name: string, tensor: Tensor, scales: Float32Array): string => {
    const zero = {
      ...tensor,
      shape: [scales.length],
      data: tensor.data.slice(0, scales.length).fill(0 as never),
    };
    initialisers.set(`${name} integers`, tensor);
    initialisers.set(`${name} scale`, createFloatTensor(scales));
    initialisers.set(`${name} zero`, zero);
    const inputs = ['integers', 'scale', 'zero'].map((part) => `${name} ${part}`);
    return linear('DequantizeLinear', inputs, `${name} read`, { axis: 0 });
  };

  const convolution = (node: ModelNode): string[] => {
    const start = nodes.length;
    const [input = '', weightName = '', biasName = ''] = node.inputs;
    const weight = initialisers.get(weightName) as Tensor;
    const affine = affineOf(input);
    const x = floatOf(input);
    const rounded = roundWeights(weight, initialisers.get(biasName), affine.scale);
    const own = `${node.outputs[0]} weight`;
    const ownBias = `${node.outputs[0]} bias`;
    const w = constant(own, rounded.weight, rounded.scales);
    const b = constant(
      ownBias,
      rounded.bias,
      rounded.scales.map((scale) => scale * affine.scale),
    );
    convolutions.push({
      node,
      input: integers.get(input) ?? '',
      affine,
      weight: `${own} integers`,
      scales: rounded.scales,
      bias: `${ownBias} integers`,
      start,
    });
    return [x, w, b];
  };

  for (const { name } of model.inputs) {
    if (plan.rounded.has(name)) {
      round(name);
    }
  }
  for (const node of model.nodes) {
    if (plan.absorbed.has(node) || node.outputs.some((name) => plan.sources.has(name))) {
      continue;
    }
    const onIntegers = plan.integer.has(node);
    const inputs =
      node.op === 'Conv' && onIntegers
        ? convolution(node)
        : node.inputs.map((name) => (onIntegers || integersOnly.has(name) ? floatOf(name) : name));
    const outputs = node.outputs.map((name) => plan.activated.get(name) ?? name);
    nodes.push({ ...node, inputs, outputs });
    for (const name of outputs) {
      if (plan.rounded.has(name)) {
        round(name);
      }
      if (onIntegers) {
        integersOnly.add(name);
      }
    }
  }
  return { ...model, nodes, initialisers: keepReadConstants(nodes, initialisers), convolutions };
}

/** The constants that are still read. */
function keepReadConstants(
  nodes: readonly ModelNode[],
  all: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return new Map([...all].filter(([name]) => read.has(name)));
}

/** To nearest, one scale per filter. @param step of the input's integers */
function roundWeights(weight: Tensor, bias: Tensor | undefined, step: number) {
  const [filters = 0] = weight.shape;
  const size = countElements(weight.shape) / filters;
  const values = weight.data as Float32Array;
  const scales = new Float32Array(filters);
  const biases = new Int32Array(filters);
  const integers = new Int8Array(values.length);
  for (let f = 0; f < filters; f += 1) {
    const row = values.subarray(f * size, (f + 1) * size);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const added = Number(bias?.data[f] ?? 0);
    // A filter of almost zeros must leave its bias within 32 bit.
    const scale = Math.fround(
      Math.max(largest / WEIGHT_LIMIT, Math.abs(added) / (step * BIAS_LIMIT)) || 1 / WEIGHT_LIMIT,
    );
    scales[f] = scale;
    for (let i = 0; i < size; i += 1) {
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
