/** Adds a second output to an encoder's graph: the parts of the embedding for the cells of its last feature map. */
import {
  type Attribute,
  createNode,
  type Model,
  type ModelNode,
  type WritableModel,
} from '../../onnx/onnx-model.js';
import { findTail, SHAPE_ONLY_OPS, type Tail } from '../../onnx/pooled-tail.js';
import { createFloatTensor, createIntTensor, type Tensor } from '../../onnx/tensor.js';

/** Names of the added outputs: float32 [batch, rows * columns, dimension], and int64 [4]. */
export const OUTPUTS = { cells: 'pawdex_cells', mapShape: 'pawdex_map_shape' } as const;

/** Collects the added nodes and constants. Every name is new. */
class Additions {
  readonly nodes: ModelNode[] = [];
  readonly constants = new Map<string, Tensor>();

  add(op: string, inputs: string[], attributes: Record<string, Attribute> = {}, output?: string): string {
    const name = output ?? `pawdex_${op}_${this.nodes.length}`;
    this.nodes.push(createNode(op, inputs, [name], attributes));
    return name;
  }

  constant(tensor: Tensor): string {
    const name = `pawdex_constant_${this.constants.size}`;
    this.constants.set(name, tensor);
    return name;
  }

  /** Reshapes a vector per photo, or one for all, to a row for each of its cells: [batch or 1, 1, dimension or 1]. */
  asRow(name: string, isPerPhoto: boolean): string {
    const shape = isPerPhoto ? createIntTensor([0, 1, -1]) : createIntTensor([1, 1, -1]);
    return this.add('Reshape', [name, this.constant(shape)]);
  }

  /**
   * Appends the length of each vector: [batch, 1, 1]. It uses products, because the axes of a sum depend on the
   * operator set.
   */
  length(name: string): string {
    const row = this.asRow(name, true);
    const column = this.add('Reshape', [name, this.constant(createIntTensor([0, -1, 1]))]);
    return this.add('Sqrt', [this.add('MatMul', [row, column])]);
  }
}

/**
 * Adds the outputs {@link OUTPUTS}. The existing nodes stay as they are, and so does the embedding.
 *
 * The mean over the map is the sum of its cells divided by their number. Each later step is applied to every cell,
 * with its bias divided among the cells, so that the cells always sum to the result of the step.
 *
 * @param output name of the embedding
 * @throws PawdexError explain_unavailable when the embedding is not a sum over the cells of a feature map
 */
export function addCells(model: Model, output: string): { model: WritableModel; tail: Tail } {
  const tail = findTail(model, output);
  const g = new Additions();
  const flat = g.add('Reshape', [tail.map, g.constant(createIntTensor([0, 0, -1]))]);
  const two = g.constant(createIntTensor([2], []));
  const count = g.add('Cast', [g.add('Gather', [g.add('Shape', [flat]), two])], { to: 1 });
  let cells = g.add('Div', [g.add('Transpose', [flat], { perm: [0, 2, 1] }), count]);
  for (const step of tail.steps) {
    cells = applyStep(g, step, cells, count);
  }
  g.add('Identity', [cells], {}, OUTPUTS.cells);
  g.add('Shape', [tail.map], {}, OUTPUTS.mapShape);
  return {
    tail,
    model: {
      ...model,
      nodes: [...model.nodes, ...g.nodes],
      initialisers: new Map([...model.initialisers, ...g.constants]),
      outputs: [...model.outputs, { name: OUTPUTS.cells }, { name: OUTPUTS.mapShape }],
    },
  };
}

/** Applies one step of the tail to every cell: the whole factor, and the bias divided by the number of cells. */
function applyStep(
  g: Additions,
  { node, data, isPerPhoto }: Tail['steps'][number],
  cells: string,
  count: string,
): string {
  const { op, inputs, attributes } = node;
  if (SHAPE_ONLY_OPS.has(op)) {
    return cells;
  }
  const other = inputs.find((input) => input !== data)!;
  const share = (bias: string) => g.add('Div', [g.asRow(bias, false), count]);
  switch (op) {
    case 'LpNormalization':
      return g.add('Div', [cells, g.length(data)]);
    case 'MatMul':
      return g.add('MatMul', [cells, other]);
    case 'Gemm': {
      const matrix = attributes.transB === 1 ? g.add('Transpose', [other], { perm: [1, 0] }) : other;
      const product = appendScaled(g, g.add('MatMul', [cells, matrix]), attributes.alpha);
      const bias = inputs[2];
      return bias ? g.add('Add', [product, appendScaled(g, share(bias), attributes.beta)]) : product;
    }
    case 'Add':
    case 'Sub':
      return g.add(op, [cells, share(other)]);
    default:
      return g.add(op, [cells, g.asRow(other, isPerPhoto)]);
  }
}

/** Multiplies by a float attribute, which is 1 if it is absent. */
function appendScaled(g: Additions, name: string, factor: Attribute | undefined): string {
  if (typeof factor !== 'object' || !('float' in factor) || factor.float === 1) {
    return name;
  }
  return g.add('Mul', [name, g.constant(createFloatTensor([factor.float]))]);
}
