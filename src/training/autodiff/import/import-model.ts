/**
 * Imports an ONNX model into a graph: shapes become static, frozen weights become constants and trainable ones inputs.
 * Older operator sets are modernised, and networks of separable convolutions get the tall layout.
 */
import { PawdexError } from '../../../errors.js';
import { readInt } from '../../../onnx/attributes.js';
import { checkOpset, moderniseNode } from '../../../onnx/modernise-node.js';
import { describeModelNode, type Model, type ModelNode } from '../../../onnx/onnx-model.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { inferShapes } from '../../../onnx/shapes/infer-shapes.js';
import { countElements, createFloatTensor, createIntTensor, type Tensor } from '../../../onnx/tensor.js';
import { findDependents } from '../../../onnx/walk-model.js';
import type { GraphBuilder } from '../graph-builder.js';
import { MIN_OPSET } from '../operator-graph.js';
import { evaluateNode } from './evaluate-node.js';
import { isTallLayoutSuitable, TallLayout } from './tall-layout.js';

/** Nodes that read constants of up to this many elements are computed on import: they give shapes, axes and scales. */
const MAX_FOLDED_ELEMENTS = 1024;

export interface ImportOptions {
  /** The value of each model input in the graph. Its shape replaces the one in the model. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Names of the initialisers to train; all others stay constant. Default: none. */
  readonly trainable?: ReadonlySet<string>;
  /** Whether convolutions run in the tall layout. Default: where it suits the model. Tests set it, to compare both. */
  readonly tallLayout?: boolean;
}

/** The values of a model's outputs, by name. */
type Outputs = ReadonlyMap<string, Value>;

/**
 * Appends a model's operators to a graph.
 *
 * @throws PawdexError model_invalid when inputs are missing, shapes do not fit, or an initialiser to train is absent or
 *   not float32
 */
export async function importModel(g: GraphBuilder, model: Model, options: ImportOptions): Promise<Outputs> {
  checkOpset(model.opset);
  g.opset = Math.max(g.opset, model.opset);
  return new ModelImporter(g, model, options).import();
}

class ModelImporter {
  readonly #g: GraphBuilder;
  readonly #model: Model;
  readonly #options: ImportOptions;
  /** Maps names in the model to values in the graph. The empty name is an omitted input. */
  readonly #values = new Map<string, Value | undefined>([['', undefined]]);
  readonly #trained: ReadonlySet<string>;
  readonly #layout: TallLayout;
  readonly #hasTallLayout: boolean;

  constructor(g: GraphBuilder, model: Model, options: ImportOptions) {
    this.#g = g;
    this.#model = model;
    this.#options = options;
    this.#trained = findDependents(model.nodes, options.trainable ?? []).values;
    this.#layout = new TallLayout(g);
    this.#hasTallLayout = options.tallLayout ?? isTallLayoutSuitable(model, this.#trained);
  }

  async import(): Promise<Outputs> {
    this.#importInputs();
    this.#importInitialisers();
    for (const node of this.#model.nodes) {
      const outputs = await this.#importNode(node);
      node.outputs.forEach((name, i) => {
        if (name !== '' && outputs[i]) {
          this.#values.set(name, outputs[i]);
        }
      });
    }
    const outputs = this.#model.outputs.map(({ name }): [string, Value] => {
      const value = this.#values.get(name);
      if (!value) {
        throw new PawdexError('model_invalid', { detail: `Nothing computes the output "${name}".` });
      }
      return [name, this.#layout.leave(value)];
    });
    return new Map(outputs);
  }

  #importInputs(): void {
    for (const { name } of this.#model.inputs) {
      const value = this.#options.inputs[name];
      if (!value) {
        throw new PawdexError('model_invalid', { detail: `The model's input "${name}" has no value.` });
      }
      this.#values.set(name, value);
    }
  }

  #importInitialisers(): void {
    const { initialisers } = this.#model;
    const { trainable = new Set<string>() } = this.#options;
    for (const name of trainable) {
      if (initialisers.get(name)?.dtype !== 'float32') {
        throw new PawdexError('model_invalid', {
          detail: `The model has no float32 initialiser "${name}" to train.`,
        });
      }
    }
    for (const [name, tensor] of initialisers) {
      const value = trainable.has(name) ? this.#g.parameter(name, tensor) : this.#g.constant(tensor, name);
      this.#values.set(name, value);
    }
  }

  /** Appends one node. @returns its outputs */
  async #importNode(node: ModelNode): Promise<readonly Value[]> {
    const inputs = node.inputs.map((name) => this.#requireValue(node, name));
    if (this.#hasTallLayout) {
      const tall = this.#layout.apply(node, inputs, this.#trained.has(node.outputs[0] ?? ''));
      if (tall) {
        return [tall];
      }
    }
    const plain = inputs.map((input) => input && this.#layout.leave(input));
    if (node.op === 'BatchNormalization' && readInt(node.attributes, 'training_mode', 0) === 1) {
      throw new PawdexError('model_invalid', {
        detail: `${describeModelNode(node)} normalises by the statistics of the batch.`,
        hint: 'Export the model in inference mode (in PyTorch, call model.eval() first).',
      });
    }
    return appendNode(this.#g, node, plain, this.#model.opset);
  }

  #requireValue(node: ModelNode, name: string): Value | undefined {
    if (this.#values.has(name)) {
      return this.#values.get(name);
    }
    throw new PawdexError('model_invalid', {
      detail: `${describeModelNode(node)} reads "${name}", which nothing computes.`,
    });
  }
}

/** Appends a node to plain inputs. Nodes of small constants are computed at once. */
async function appendNode(
  g: GraphBuilder,
  node: ModelNode,
  inputs: readonly (Value | undefined)[],
  opset: number,
): Promise<readonly Value[]> {
  const [x] = inputs;
  if (node.op === 'Constant') {
    return [g.constant(readConstantNode(node), node.outputs[0])];
  }
  if (node.op === 'Dropout' && x) {
    return [x];
  }
  if (node.op === 'Shape' && x) {
    const start = readInt(node.attributes, 'start', 0);
    const end = readInt(node.attributes, 'end', x.shape.length);
    return [g.constant(createIntTensor(x.shape.slice(start, end)), node.outputs[0])];
  }
  if (node.op === 'BatchNormalization' && x?.shape.length === 2) {
    // With one position per channel, because WebGPU's kernel is wrong without one (ONNX Runtime 1.30).
    const wide = [g.reshape(x, [...x.shape, 1]), ...inputs.slice(1)];
    const [y] = await appendNode(g, node, wide, opset);
    return [g.reshape(y as Value, x.shape)];
  }
  return appendModernised(g, node, inputs, opset);
}

/** Appends a node in the form of the graph's operator set. */
async function appendModernised(
  g: GraphBuilder,
  node: ModelNode,
  oldInputs: readonly (Value | undefined)[],
  opset: number,
): Promise<readonly Value[]> {
  const { attributes, constants } = moderniseNode(node, opset, oldInputs[0]?.shape.length ?? 0);
  const inputs = [...oldInputs];
  for (const [position, tensor] of constants) {
    inputs[position] = g.constant(tensor, `${node.op} axes`);
  }
  const modern = { ...node, inputs: inputs.map((input) => input?.name ?? ''), attributes };
  const evaluate = () => {
    const values = inputs.map((input) => g.constantOf(input) ?? input);
    return evaluateNode(modern, values, Math.max(opset, MIN_OPSET));
  };
  if (inputs.length > 0 && inputs.every((input) => !input || isSmallConstant(g, input))) {
    const results = await evaluate();
    return results.map((tensor, i) => g.constant(tensor, node.outputs[i] || node.op));
  }
  const name = node.name || node.outputs[0] || node.op;
  const call = { op: node.op, name, inputs, attributes, constantOf: (value: Value) => g.constantOf(value) };
  const isKnown = node.domain === '' && inferShapes(call) !== undefined;
  return g.addNode(node.op, inputs, {
    domain: node.domain,
    name,
    attributes,
    outputCount: node.outputs.length,
    outputs: isKnown ? undefined : await evaluate(),
  });
}

function isSmallConstant(g: GraphBuilder, value: Value): boolean {
  return g.constantOf(value) !== undefined && countElements(value.shape) <= MAX_FOLDED_ELEMENTS;
}

/** Reads the tensor of a Constant node in any of its forms. */
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
    detail: `${describeModelNode(node)} contains a kind of constant that the trainer cannot read.`,
  });
}
