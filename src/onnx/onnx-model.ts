/** Reads and writes the bytes of a .onnx file. In between, a model is plain data. */
import { PawdexError } from '../errors.js';
import {
  type AttributeProto,
  decodeModel,
  encodeModel,
  type ModelProto,
  type NodeProto,
} from './onnx-proto.js';
import { type DType, decodeDType, encodeDType, readTensor, type Tensor, writeTensor } from './tensor.js';

/** An operator's attribute. A bare number is an integer; floats are marked by {@link asFloat}. */
export type Attribute =
  | number
  | string
  | FloatAttribute
  | FloatsAttribute
  | readonly number[]
  | readonly string[]
  | Tensor;

/** A node's attributes, by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

export interface FloatAttribute {
  readonly float: number;
}

/** A list of floats. A bare list of numbers is a list of integers. */
interface FloatsAttribute {
  readonly floats: readonly number[];
}

/** Marks a number as a float attribute. */
export function asFloat(value: number): FloatAttribute {
  return { float: value };
}

/** One operator call. An omitted optional input or output is an empty name. */
export interface ModelNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Creates a call of a standard operator, named after its first output unless `name` is given. */
export function createNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
  name = outputs[0] ?? op,
): ModelNode {
  return { op, domain: '', name, inputs, outputs, attributes };
}

/** Name, type and shape of an input or output; a symbolic dimension is given by its name, an unknown one by `''`. */
export interface ModelPort {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A whole model; nodes are in topological order, inputs exclude the initialisers. */
export interface Model {
  readonly opset: number;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly nodes: readonly ModelNode[];
  readonly initialisers: ReadonlyMap<string, Tensor>;
}

const ATTRIBUTE = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7, STRINGS: 8 } as const;

/**
 * Reads a .onnx file.
 *
 * @throws PawdexError model_invalid when the bytes are not an ONNX model, or one with external data, float16 weights,
 *   local functions, sparse weights or control flow
 */
export function readModel(bytes: Uint8Array): Model {
  let proto: ModelProto;
  try {
    proto = decodeModel(bytes);
  } catch (cause) {
    throw new PawdexError('model_invalid', { detail: 'The file is not an ONNX model.', cause });
  }
  const graph = proto.graph;
  const opset = proto.opsetImport.find((entry) => entry.domain === '' || entry.domain === 'ai.onnx');
  if (!graph || graph.node.length === 0 || opset === undefined) {
    throw new PawdexError('model_invalid', {
      detail: 'The file is not an ONNX model: it has no graph of operators.',
    });
  }
  if (proto.functions?.length || graph.sparseInitializer?.length) {
    throw new PawdexError('model_invalid', {
      detail: 'The model has local functions or sparse weights.',
      hint: 'Inline the functions (onnx.inliner) and store the weights densely.',
    });
  }
  const initialisers = new Map(graph.initializer.map((tensor) => [tensor.name, readTensor(tensor)]));
  const port = (info: (typeof graph.input)[number]): ModelPort => {
    const type = info.type?.tensorType;
    if (!type) {
      throw new PawdexError('model_invalid', { detail: `"${info.name}" is not a tensor.` });
    }
    const shape = (type.shape?.dim ?? []).map((dim) => dim.dimParam || Number(dim.dimValue ?? 0) || '');
    return { name: info.name, dtype: decodeDType(type.elemType, `"${info.name}"`), shape };
  };
  return {
    opset: Number(opset.version),
    inputs: graph.input.filter((info) => !initialisers.has(info.name)).map(port),
    outputs: graph.output.map(port),
    nodes: graph.node.map(readNode),
    initialisers,
  };
}

/** A model to write. ONNX Runtime infers missing output types. */
export type WritableModel = Omit<Model, 'outputs'> & {
  readonly outputs: readonly (ModelPort | { name: string })[];
};

/** Writes a model as the bytes of a .onnx file. */
export function writeModel(model: WritableModel): Uint8Array {
  const typeOf = (port: ModelPort) => ({
    tensorType: {
      elemType: encodeDType(port.dtype),
      shape: { dim: port.shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  });
  const info = (port: ModelPort | { name: string }) => ({
    name: port.name,
    type: 'dtype' in port ? typeOf(port) : null,
  });
  const otherDomains = new Set(model.nodes.map((node) => node.domain).filter((domain) => domain !== ''));
  return encodeModel({
    irVersion: 9,
    producerName: 'pawdex',
    opsetImport: [
      { domain: '', version: model.opset },
      ...[...otherDomains].map((domain) => ({ domain, version: 1 })),
    ],
    graph: {
      name: 'pawdex',
      node: model.nodes.map(writeNode),
      initializer: [...model.initialisers].map(([name, tensor]) => writeTensor(name, tensor)),
      input: model.inputs.map(info),
      output: model.outputs.map(info),
    },
  });
}

/** Describes a node in messages. */
export function describeNode({ op, name }: { op: string; name: string }): string {
  return `${op} "${name}"`;
}

/** Describes a node of a file, which need not have a name, by its first output if it has none. */
export function describeModelNode({ op, name, outputs }: Pick<ModelNode, 'op' | 'name' | 'outputs'>): string {
  return describeNode({ op, name: name || (outputs[0] ?? '') });
}

function readNode(proto: NodeProto): ModelNode {
  const node = { op: proto.opType, name: proto.name, outputs: proto.output };
  const attributes = proto.attribute.map((attribute) => [attribute.name, readAttribute(attribute, node)]);
  return {
    ...node,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    inputs: proto.input,
    attributes: Object.fromEntries(attributes),
  };
}

function readAttribute(proto: AttributeProto, node: Pick<ModelNode, 'op' | 'name' | 'outputs'>): Attribute {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  switch (proto.type) {
    case ATTRIBUTE.FLOAT:
      return asFloat(proto.f ?? 0);
    case ATTRIBUTE.INT:
      return Number(proto.i ?? 0);
    case ATTRIBUTE.STRING:
      return text(proto.s ?? new Uint8Array());
    case ATTRIBUTE.TENSOR:
      return readTensor(proto.t as NonNullable<typeof proto.t>);
    case ATTRIBUTE.FLOATS:
      return { floats: proto.floats ?? [] };
    case ATTRIBUTE.INTS:
      return (proto.ints ?? []).map(Number);
    case ATTRIBUTE.STRINGS:
      return (proto.strings ?? []).map(text);
    default:
      throw new PawdexError('model_invalid', {
        detail: `The attribute "${proto.name}" of ${describeModelNode(node)} holds a graph or another kind of value that the trainer cannot read.`,
        hint: 'Export the model without control flow (If, Loop, Scan).',
      });
  }
}

function writeNode(node: ModelNode): NodeProto {
  return {
    input: [...node.inputs],
    output: [...node.outputs],
    name: node.name,
    opType: node.op,
    domain: node.domain,
    attribute: Object.entries(node.attributes).map(([name, value]) => writeAttribute(name, value)),
  };
}

function writeAttribute(name: string, value: Attribute): AttributeProto {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === 'number') {
    return { name, type: ATTRIBUTE.INT, i: value };
  }
  if (typeof value === 'string') {
    return { name, type: ATTRIBUTE.STRING, s: bytes(value) };
  }
  if ('float' in value) {
    return { name, type: ATTRIBUTE.FLOAT, f: value.float };
  }
  if ('floats' in value) {
    return { name, type: ATTRIBUTE.FLOATS, floats: [...value.floats] };
  }
  if ('dtype' in value) {
    return { name, type: ATTRIBUTE.TENSOR, t: writeTensor('', value) };
  }
  if (value.every((item) => typeof item === 'number')) {
    return { name, type: ATTRIBUTE.INTS, ints: [...value] };
  }
  return { name, type: ATTRIBUTE.STRINGS, strings: value.map((item) => bytes(String(item))) };
}
