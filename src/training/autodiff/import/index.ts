/** Bringing an ONNX model into a graph: shapes made static, frozen weights constant, trainable ones inputs. */
import { PawdexError } from '../../../errors.js';
import { readFloat, readInt } from '../../../onnx/attributes.js';
import { checkOpset, moderniseNode } from '../../../onnx/modernise-node.js';
import { describeNode, type Model, type ModelNode } from '../../../onnx/onnx-model.js';
import { inferShapes } from '../../../onnx/shapes/index.js';
import { countElements, createFloatTensor, createIntTensor, type Tensor } from '../../../onnx/tensor.js';
import type { Value } from '../../../onnx/types.js';
import type { GraphBuilder } from '../graph-builder.js';
import { MINIMUM_OPSET } from '../operator-graph.js';
import { appendBatchNorm, type BatchNormalised } from './batch-norm.js';
import { evaluateNode } from './evaluate-node.js';
import { isTallLayoutSuitable, TallLayout } from './tall-layout.js';

/** Nodes of constants up to this many elements are evaluated on import: they compute shapes, axes and scales. */
const FOLD_LIMIT = 1024;

export interface ImportOptions {
  /** For each model input its value in the graph; its shape replaces what the model says. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Names of the initialisers to train; all others stay constant. None unless given. */
  readonly trainable?: ReadonlySet<string>;
  /** Statistics of BatchNormalization: those stored in the model, or the batch's. `frozen` unless given. */
  readonly batchNorm?: 'frozen' | 'batch';
  /** Whether separable convolutions run in the tall layout (see tall.ts); where it suits, unless given. */
  readonly tallLayout?: boolean;
}

/** An imported model. */
export interface Imported {
  /** Output name -> value. */
  readonly outputs: ReadonlyMap<string, Value>;
  /** Name of the running mean's initialiser -> that layer's batch statistics; with `batchNorm: 'batch'` only. */
  readonly batchStatistics: ReadonlyMap<string, BatchNormalised & { varianceName: string }>;
}

/**
 * Appends a model's operators to a graph.
 *
 * @throws PawdexError `model_invalid` when inputs are missing, shapes do not fit, or an initialiser to train is
 *   absent or not float32
 */
export async function importModel(g: GraphBuilder, model: Model, options: ImportOptions): Promise<Imported> {
  checkOpset(model.opset);
  g.opset = Math.max(g.opset, model.opset);
  const values = new Map<string, Value | undefined>([['', undefined]]);
  for (const { name } of model.inputs) {
    const value = options.inputs[name];
    if (!value) {
      throw new PawdexError('model_invalid', { detail: `The model's input "${name}" is not given.` });
    }
    values.set(name, value);
  }
  const trainable = options.trainable ?? new Set<string>();
  for (const name of trainable) {
    if (model.initialisers.get(name)?.dtype === 'float32') {
      continue;
    }
    throw new PawdexError('model_invalid', {
      detail: `The model has no float32 initialiser "${name}" to train.`,
    });
  }
  for (const [name, tensor] of model.initialisers) {
    values.set(name, trainable.has(name) ? g.parameter(name, tensor) : g.constant(tensor, name));
  }
  const trained = findTrainedValues(model, trainable);
  const layout = new TallLayout(g);
  const useTall = options.tallLayout ?? isTallLayoutSuitable(model, trained);
  const batchStatistics = new Map<string, BatchNormalised & { varianceName: string }>();
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name) => {
      if (values.has(name)) {
        return values.get(name);
      }
      throw new PawdexError('model_invalid', {
        detail: `${describeNode(node)} reads "${name}", which nothing computes.`,
      });
    });
    const tall = useTall ? layout.apply(node, inputs, trained.has(node.outputs[0] ?? '')) : undefined;
    if (tall) {
      values.set(node.outputs[0] ?? '', tall);
      continue;
    }
    const plain = inputs.map((input) => input && layout.plain(input));
    let outputs: readonly Value[];
    const ownStatistics = readInt(node.attributes, 'training_mode', 0) === 1;
    if (node.op === 'BatchNormalization' && (options.batchNorm === 'batch' || ownStatistics)) {
      const [x, scale, bias] = plain as [Value, Value, Value];
      const normalised = appendBatchNorm(g, x, scale, bias, readFloat(node.attributes, 'epsilon', 1e-5));
      batchStatistics.set(node.inputs[3] ?? '', { ...normalised, varianceName: node.inputs[4] ?? '' });
      outputs = [normalised.y];
    } else {
      outputs = await importNode(g, node, plain, model.opset);
    }
    node.outputs.forEach((name, i) => {
      if (name !== '' && outputs[i]) {
        values.set(name, outputs[i]);
      }
    });
  }
  const outputs = model.outputs.map(({ name }): [string, Value] => {
    const value = values.get(name);
    if (!value) {
      throw new PawdexError('model_invalid', { detail: `Nothing computes the output "${name}".` });
    }
    return [name, layout.plain(value)];
  });
  return { outputs: new Map(outputs), batchStatistics };
}

/** Names of the values computed from trainable weights. */
function findTrainedValues(model: Model, trainable: ReadonlySet<string>): Set<string> {
  const names = new Set(trainable);
  for (const { inputs, outputs } of model.nodes) {
    if (inputs.some((name) => names.has(name))) {
      for (const name of outputs) {
        names.add(name);
      }
    }
  }
  return names;
}

async function importNode(
  g: GraphBuilder,
  node: ModelNode,
  given: readonly (Value | undefined)[],
  opset: number,
): Promise<readonly Value[]> {
  const [x] = given;
  if (node.op === 'Constant') {
    return [g.constant(readConstantNode(node), node.outputs[0])];
  }
  if (node.op === 'Dropout' && x) {
    return [x];
  }
  if (node.op === 'Shape' && x) {
    const range = x.shape.slice(
      readInt(node.attributes, 'start', 0),
      readInt(node.attributes, 'end', x.shape.length),
    );
    return [g.constant(createIntTensor(range), node.outputs[0])];
  }
  if (node.op === 'BatchNormalization' && x?.shape.length === 2) {
    // As if the channels had one position: WebGPU's kernel is wrong without one (onnxruntime 1.30).
    const wide = [g.reshape(x, [...x.shape, 1]), ...given.slice(1)];
    const [y] = await importNode(g, node, wide, opset);
    return [g.reshape(y as Value, x.shape)];
  }
  const { attributes, constants } = moderniseNode(node, opset, x?.shape.length ?? 0);
  const inputs = [...given];
  for (const [position, tensor] of constants) {
    inputs[position] = g.constant(tensor, `${node.op} axes`);
  }
  const modern = { ...node, inputs: inputs.map((input) => input?.name ?? ''), attributes };
  const writtenOpset = Math.max(opset, MINIMUM_OPSET);
  const tensors = inputs.map((input) => g.constantOf(input) ?? input);
  const small = inputs.every(
    (input) => !input || (g.constantOf(input) && countElements(input.shape) <= FOLD_LIMIT),
  );
  if (small && inputs.length > 0) {
    const results = await evaluateNode(modern, tensors, writtenOpset);
    return results.map((tensor, i) => g.constant(tensor, node.outputs[i] || node.op));
  }
  const label = { op: node.op, name: node.name || (node.outputs[0] ?? node.op) };
  const call = { ...label, inputs, attributes, constantOf: (value: Value) => g.constantOf(value) };
  const known = node.domain === '' && inferShapes(call) !== undefined;
  return g.addNode(node.op, inputs, {
    domain: node.domain,
    name: label.name,
    attributes,
    outputCount: node.outputs.length,
    ...(known ? {} : { outputs: await evaluateNode(modern, tensors, writtenOpset) }),
  });
}

/** The tensor of a Constant node in any of its forms. */
function readConstantNode(node: ModelNode): Tensor {
  const [[form, value] = []] = Object.entries(node.attributes);
  if (form === 'value' && typeof value === 'object' && 'dtype' in value) {
    return value;
  }
  if (form === 'value_int' && typeof value === 'number') {
    return createIntTensor([value], []);
  }
  if (form === 'value_ints' && Array.isArray(value)) {
    return createIntTensor(value.map(Number));
  }
  if (form === 'value_float' && typeof value === 'object' && 'float' in value) {
    return createFloatTensor([value.float], []);
  }
  if (form === 'value_floats' && typeof value === 'object' && 'floats' in value) {
    return createFloatTensor(value.floats);
  }
  throw new PawdexError('model_invalid', {
    detail: `${describeNode(node)} holds a kind of constant that is not read.`,
  });
}
