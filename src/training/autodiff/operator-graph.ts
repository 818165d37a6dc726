/**
 * A computation as a list of ONNX operators, in which every value has a known element type and shape. Shapes are
 * static: a graph is built for one batch size. Gradient rules therefore need no shape arithmetic at run time, and
 * onnxruntime plans memory once.
 */
import { PawdexError } from '../../errors.js';
import {
  type Attributes,
  createNode,
  describeNode,
  type Model,
  type ModelNode,
  writeModel,
} from '../../onnx/onnx-model.js';
import type { OperatorCall, OutputSpec, Value } from '../../onnx/onnx-values.js';
import { inferShapes } from '../../onnx/shapes/infer-shapes.js';
import type { DType, Tensor } from '../../onnx/tensor.js';
import { findProducers, selectUsedConstants } from '../../onnx/walk-model.js';

/** The oldest operator set that graphs are written in; a newer backbone raises it. */
export const MIN_OPSET = 18;

/** Operators, inputs, constants and outputs. {@link OperatorGraph.toBytes} writes what the outputs need as a model. */
export class OperatorGraph {
  readonly nodes: GraphNode[] = [];
  /** The nodes to differentiate, in order, with composites instead of the nodes inside them. */
  readonly tape: GraphNode[] = [];
  readonly inputs: Value[] = [];
  /** Trainable weights: graph inputs, with the values that training starts from. */
  readonly parameters = new Map<Value, Tensor>();
  /** Maps names in the written model to values. */
  readonly outputs = new Map<string, Value>();
  /** The operator set; importing a newer model raises it. */
  opset = MIN_OPSET;

  readonly #constants = new Map<Value, Tensor>();
  readonly #producers = new Map<Value, GraphNode>();
  readonly #valueNames = new Set<string>();
  readonly #nodeNames = new Set<string>();
  #scope = '';
  #insideComposite = false;

  /**
   * Declares an input that is fed on every run under exactly this name.
   *
   * @throws PawdexError internal when the name is taken
   */
  input(name: string, dtype: DType, shape: readonly number[]): Value {
    if (this.#valueNames.has(name)) {
      throw new PawdexError('internal', { detail: `The name of the input "${name}" is already taken.` });
    }
    this.#valueNames.add(name);
    const value = { name, dtype, shape };
    this.inputs.push(value);
    return value;
  }

  /** Declares a trainable weight: an input that can have a gradient. */
  parameter(name: string, initial: Tensor): Value {
    const value = this.input(name, initial.dtype, initial.shape);
    this.parameters.set(value, initial);
    return value;
  }

  /** Adds a constant, which ONNX Runtime folds and pre-packs. */
  constant(tensor: Tensor, name = 'constant'): Value {
    const value = this.#value(name, tensor.dtype, tensor.shape);
    this.#constants.set(value, tensor);
    return value;
  }

  /** Returns the values of a constant, or undefined if `value` is computed. */
  constantOf(value: Value | undefined): Tensor | undefined {
    return value && this.#constants.get(value);
  }

  /**
   * Appends an operator.
   *
   * @returns its outputs, shapes inferred
   * @throws PawdexError model_invalid when the shapes do not fit the operator, or when it is unknown to shape inference
   *   and `options.outputs` does not say what comes out
   */
  addNode(op: string, inputs: readonly (Value | undefined)[], options: NodeOptions = {}): Value[] {
    const attributes = options.attributes ?? {};
    const name = this.#unique(options.name || op, this.#nodeNames);
    const call = { op, name, inputs, attributes, constantOf: (value: Value) => this.constantOf(value) };
    const specs = options.outputs ?? inferShapes(call)?.slice(0, options.outputCount ?? 1);
    if (specs === undefined) {
      throw new PawdexError('model_invalid', {
        detail: `The output shape of ${describeNode(call)} is unknown.`,
      });
    }
    const outputs = specs.map(({ dtype, shape }, index) =>
      this.#value(`${options.name || op}:${index}`, dtype, shape),
    );
    const node: GraphNode = { op, domain: options.domain ?? '', name, inputs, outputs, attributes };
    for (const output of outputs) {
      this.#producers.set(output, node);
    }
    this.nodes.push(node);
    if (!this.#insideComposite) {
      this.tape.push(node);
    }
    return outputs;
  }

  /** Appends the operators of `build` as one unit, a single node on the tape. */
  protected appendComposite(name: string, inputs: readonly Value[], build: () => Value): GraphNode {
    const outer = this.#insideComposite;
    this.#insideComposite = true;
    try {
      const output = this.scope(name, build);
      const node = { op: name, domain: '', name: output.name, inputs, outputs: [output], attributes: {} };
      if (!outer) {
        this.tape.push(node);
      }
      return node;
    } finally {
      this.#insideComposite = outer;
    }
  }

  /** Appends an operator with one output. See {@link OperatorGraph.addNode}. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value {
    return this.addNode(op, inputs, { attributes })[0] as Value;
  }

  /** Names a value as an output of the written model. */
  output(name: string, value: Value): void {
    if (this.#valueNames.has(name) && value.name !== name) {
      throw new PawdexError('internal', { detail: `The name of the output "${name}" is already taken.` });
    }
    this.#valueNames.add(name);
    this.outputs.set(name, value);
  }

  /** Prefixes the names of everything that `build` adds, so that profiles and messages say what a node is for. */
  scope<T>(prefix: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${prefix}/`;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  /** Returns the model that computes the outputs, without nodes, constants and weights that they do not need. */
  toModel(): Model {
    const names = this.#outputNames();
    const nameOf = (value: Value | undefined) => (value ? (names.get(value) ?? value.name) : '');
    const computing = this.nodes.map((node): ModelNode => {
      return { ...node, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) };
    });
    // Inputs, constants and values that are output twice cannot have an output's name, so they are copied.
    const copying = [...this.outputs]
      .filter(([name, value]) => nameOf(value) !== name)
      .map(([name, value]) => createNode('Identity', [nameOf(value)], [name], {}, `output ${name}`));
    const all = [...computing, ...copying];
    const needed = findProducers(all, this.outputs.keys());
    const nodes = all.filter((node) => needed.has(node));
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const constants = new Map([...this.#constants].map(([{ name }, tensor]) => [name, tensor]));
    return {
      opset: this.opset,
      nodes,
      inputs: this.inputs.filter(({ name }) => read.has(name)),
      outputs: [...this.outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      initialisers: selectUsedConstants(nodes, constants),
    };
  }

  /** Finds computed values that get the name of their output in the written model. */
  #outputNames(): Map<Value, string> {
    const names = new Map<Value, string>();
    for (const [name, value] of this.outputs) {
      if (this.#producers.has(value) && !names.has(value)) {
        names.set(value, name);
      }
    }
    return names;
  }

  /** Returns {@link OperatorGraph.toModel} as bytes, for an ONNX Runtime session or a file. */
  toBytes(): Uint8Array {
    return writeModel(this.toModel());
  }

  #value(name: string, dtype: DType, shape: readonly number[]): Value {
    return { name: this.#unique(name, this.#valueNames), dtype, shape };
  }

  /** Makes a name unique within the scope, by a number if necessary. */
  #unique(name: string, taken: Set<string>): string {
    const scoped = this.#scope + name;
    let unique = scoped;
    for (let count = 2; taken.has(unique); count++) {
      unique = `${scoped}#${count}`;
    }
    taken.add(unique);
    return unique;
  }
}

/** An operator call in a graph, with its results. */
export interface GraphNode extends OperatorCall {
  readonly domain: string;
  readonly outputs: readonly Value[];
}

export interface NodeOptions {
  readonly domain?: string;
  readonly name?: string;
  /** Number of outputs. Default: 1. */
  readonly outputCount?: number;
  /** Types and shapes of the outputs, for operators that shape inference does not know. */
  readonly outputs?: readonly OutputSpec[];
  readonly attributes?: Attributes;
}
