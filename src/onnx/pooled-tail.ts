/**
 * Finds the end of an encoder's graph, from the feature map on. If it is a global mean followed by operators that are
 * affine for a given photo (a projection, a bias, a division by the vector's length), the embedding is a sum over the
 * cells of the map, as in class activation maps (Zhou et al. 2016, arXiv 1512.04150).
 */
import { PawdexError } from '../errors.js';
import { describeModelNode, type Model, type ModelNode } from './onnx-model.js';
import { toNumbers } from './tensor.js';

/** The pooled feature map and what follows it. */
export interface Tail {
  /** Name of the feature map, float [batch, channels, rows, columns]. */
  map: string;
  /** The operators after the pooling, in order. */
  steps: Step[];
}

interface Step {
  node: ModelNode;
  /** The input that comes from the previous step. */
  data: string;
  /** Whether a second input differs from photo to photo, as a vector's length does. */
  isPerPhoto: boolean;
}

/** Operators after the pooling that only change the shape of the vector, or its precision. */
export const SHAPE_ONLY_OPS: ReadonlySet<string> = new Set([
  'Identity',
  'Dropout',
  'Cast',
  'Flatten',
  'Reshape',
  'Squeeze',
  'QuantizeLinear',
  'DequantizeLinear',
]);
const AFFINE_OPS: ReadonlySet<string> = new Set([
  'LpNormalization',
  'Gemm',
  'MatMul',
  'Add',
  'Sub',
  'Mul',
  'Div',
]);

const createUnavailableError = (detail: string) => new PawdexError('explain_unavailable', { detail });

/** Finds the tail that ends in `output`. @throws PawdexError explain_unavailable when it has another form */
export function findTail(model: Model, output: string): Tail {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const isConstant = (name: string): boolean => {
    // An omitted input has no name.
    if (name === '' || model.initialisers.has(name)) {
      return true;
    }
    const node = producers.get(name);
    return node?.inputs.every((input) => isConstant(input)) ?? false;
  };
  const steps: Tail['steps'] = [];
  let name = output;
  for (;;) {
    const node = producers.get(name);
    if (node === undefined) {
      throw createUnavailableError('Between input and embedding there is no pooled feature map.');
    }
    if (isPooling(node, model)) {
      return { map: node.inputs[0]!, steps: steps.reverse() };
    }
    if (node.domain !== '' || !(SHAPE_ONLY_OPS.has(node.op) || isAffine(node, isConstant))) {
      throw createUnavailableError(
        `The embedding is computed by ${describeModelNode(node)}, which is not a sum over the picture.`,
      );
    }
    // Only `Add` and `Mul` accept the data as their second input.
    const data = node.inputs.find((input) => !isConstant(input)) ?? '';
    steps.push({ node, data, isPerPhoto: node.inputs.some((input) => input !== data && !isConstant(input)) });
    name = data;
  }
}

/** Whether an operator is affine in its only variable input. */
function isAffine({ op, inputs, attributes }: ModelNode, isConstant: (name: string) => boolean): boolean {
  if (!AFFINE_OPS.has(op)) {
    return false;
  }
  const [first, second] = inputs as [string, string?];
  switch (op) {
    case 'LpNormalization':
      return (attributes.p ?? 2) === 2 && [-1, 1].includes(Number(attributes.axis ?? -1));
    case 'Gemm':
      return !isConstant(first) && isConstant(second!) && (attributes.transA ?? 0) === 0;
    case 'Div':
      // By a constant, or by the length of the vector, which the graph computed from it.
      return !isConstant(first);
    case 'Mul':
    case 'Add':
      return isConstant(first) !== isConstant(second!);
    default:
      // MatMul and Sub.
      return !isConstant(first) && isConstant(second!);
  }
}

/** Whether this is the mean over rows and columns. */
function isPooling({ op, domain, inputs, attributes }: ModelNode, { initialisers }: Model): boolean {
  if (domain !== '') {
    return false;
  }
  if (op === 'GlobalAveragePool') {
    return true;
  }
  if (op !== 'ReduceMean') {
    return false;
  }
  const asInput = initialisers.get(inputs[1] ?? '');
  const axes: unknown = asInput ? toNumbers(asInput) : attributes.axes;
  return Array.isArray(axes) && String(axes.map((axis) => (axis < 0 ? axis + 4 : axis)).sort()) === '2,3';
}
