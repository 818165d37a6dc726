/** An encoder's graph with a second output: the embedding taken apart by the cells of its last feature map. */
import type { Attribute, Model, ModelNode, WritableModel } from '../../onnx/onnx-model.js';
import { findTail, PASSING, type Tail } from '../../onnx/pooled-tail.js';
import { createFloatTensor, createIntTensor, type Tensor } from '../../onnx/tensor.js';

/** Names of the outputs that are added: float32 [batch, rows * columns, dimension], and int64 [4]. */
export const OUTPUTS = { cells: 'pawdex_cells', mapShape: 'pawdex_map_shape' } as const;

/** Collects the nodes and constants that are added; every name is new. */
class Additions {
  readonly nodes: ModelNode[] = [];
  readonly constants = new Map<string, Tensor>();

  add(op: string, inputs: string[], attributes: Record<string, Attribute> = {}, output?: string): string {
    const name = output ?? `pawdex_${op}_${this.nodes.length}`;
    this.nodes.push({ op, domain: '', name, inputs, outputs: [name], attributes });
    return name;
  }

  constant(tensor: Tensor): string {
    const name = `pawdex_constant_${this.constants.size}`;
    this.constants.set(name, tensor);
    return name;
  }

  /** A vector per picture, or one for all, as a row for each of its cells: [batch or 1, 1, dimension or 1]. */
  asRow(name: string, perPicture: boolean): string {
    const shape = perPicture ? createIntTensor([0, 1, -1]) : createIntTensor([1, 1, -1]);
    return this.add('Reshape', [name, this.constant(shape)]);
  }

  /** Each vector's length: [batch, 1, 1]. As products, since how a sum names its axes depends on the opset. */
  length(name: string): string {
    const row = this.asRow(name, true);
    const column = this.add('Reshape', [name, this.constant(createIntTensor([0, -1, 1]))]);
    return this.add('Sqrt', [this.add('MatMul', [row, column])]);
  }
}

/**
 * Adds the outputs {@link OUTPUTS}. The nodes there are stay as they are, and with them the embedding.
 *
 * The mean over the map is the sum of its cells divided by their number; each step after it is applied to every
 * cell alone, with a bias divided among the cells, so that their sum is what the step gives at every point.
 *
 * @param output name of the embedding
 * @throws PawdexError explain_unavailable when the embedding is no sum over the cells of a feature map
 */
export function withCells(model: Model, output: string): { model: WritableModel; tail: Tail } {
  const tail = findTail(model, output);
  const added = new Additions();
  const flat = added.add('Reshape', [tail.map, added.constant(createIntTensor([0, 0, -1]))]);
  const two = added.constant(createIntTensor([2], []));
  const count = added.add('Cast', [added.add('Gather', [added.add('Shape', [flat]), two])], { to: 1 });
  let cells = added.add('Div', [added.add('Transpose', [flat], { perm: [0, 2, 1] }), count]);
  for (const step of tail.steps) cells = applied(added, step, cells, count);
  added.add('Identity', [cells], {}, OUTPUTS.cells);
  added.add('Shape', [tail.map], {}, OUTPUTS.mapShape);
  return {
    tail,
    model: {
      ...model,
      nodes: [...model.nodes, ...added.nodes],
      initialisers: new Map([...model.initialisers, ...added.constants]),
      outputs: [...model.outputs, { name: OUTPUTS.cells }, { name: OUTPUTS.mapShape }],
    },
  };
}

/** One step of the tail on every cell: its factor whole, its bias divided by the number of cells. */
function applied(
  added: Additions,
  { node, data, perPicture }: Tail['steps'][number],
  cells: string,
  count: string,
): string {
  const { op, inputs, attributes } = node;
  if (PASSING.has(op)) return cells;
  const other = inputs.find((input) => input !== data)!;
  const share = (bias: string) => added.add('Div', [added.asRow(bias, false), count]);
  switch (op) {
    case 'LpNormalization':
      return added.add('Div', [cells, added.length(data)]);
    case 'MatMul':
      return added.add('MatMul', [cells, other]);
    case 'Gemm': {
      const matrix = attributes.transB === 1 ? added.add('Transpose', [other], { perm: [1, 0] }) : other;
      const product = scaled(added, added.add('MatMul', [cells, matrix]), attributes.alpha);
      const bias = inputs[2];
      return bias ? added.add('Add', [product, scaled(added, share(bias), attributes.beta)]) : product;
    }
    case 'Add':
    case 'Sub':
      return added.add(op, [cells, share(other)]);
    default:
      return added.add(op, [cells, added.asRow(other, perPicture)]);
  }
}

/** Multiplied by a float attribute, which is 1 where it is absent. */
function scaled(added: Additions, name: string, factor: Attribute | undefined): string {
  if (typeof factor !== 'object' || !('float' in factor) || factor.float === 1) return name;
  return added.add('Mul', [name, added.constant(createFloatTensor([factor.float]))]);
}
