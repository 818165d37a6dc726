/** Finds which part of the input each cell of a feature map describes. */
import { readInts } from './attributes.js';
import type { Model, ModelNode } from './onnx-model.js';

/** The positions of the cells of a map along one axis, in pixels of the network's input. */
export interface Spacing {
  /** Distance between the middles of neighbouring cells. */
  stride: number;
  /** The middle of the first cell; that of the first pixel is 0. */
  first: number;
}

/** Operators that do not move cells. Transpose only changes the layout at the input. */
export const STILL: ReadonlySet<string> = new Set(
  'Add BatchNormalization Cast Clip Concat DequantizeLinear Div Elu Erf Gelu HardSigmoid HardSwish Identity LeakyRelu Max Min Mish Mul PRelu QuantizeLinear Relu Sigmoid Softplus Sub Tanh Transpose'.split(
    ' ',
  ),
);
/** Operators whose window slides over the map. */
export const WINDOWS: ReadonlySet<string> = new Set(['Conv', 'MaxPool', 'AveragePool']);

/**
 * Follows a feature map back to the input: a window of stride s, extent k and padding p moves the middle of cell i to
 * s i + (k - 1) / 2 - p (Dumoulin and Visin 2016, arXiv 1603.07285).
 *
 * @param map name of the feature map
 * @param input name of the graph's input
 * @returns spacing along height and width; null when an operator on the way moves cells in another way
 */
export function findCellSpacing(model: Model, map: string, input: string): [Spacing, Spacing] | null {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const known = new Map<string, [Spacing, Spacing] | null>();
  known.set(input, [
    { stride: 1, first: 0 },
    { stride: 1, first: 0 },
  ]);

  const spacing = (name: string): [Spacing, Spacing] | null => {
    const seen = known.get(name);
    if (seen !== undefined) {
      return seen;
    }
    const node = producers.get(name);
    const found = node === undefined || node.domain !== '' ? null : through(node);
    known.set(name, found);
    return found;
  };
  const through = (node: ModelNode) => {
    if (WINDOWS.has(node.op)) {
      const before = spacing(node.inputs[0]!);
      return before && slideWindow(before, node, model);
    }
    if (!STILL.has(node.op)) {
      return null;
    }
    // One branch with a known spacing is enough: the other may be a factor per channel.
    for (const each of node.inputs) {
      const before = spacing(each);
      if (before !== null) {
        return before;
      }
    }
    return null;
  };
  return spacing(map);
}

function slideWindow(
  before: [Spacing, Spacing],
  { attributes, inputs }: ModelNode,
  model: Model,
): typeof before | null {
  if (!['NOTSET', 'VALID'].includes(String(attributes.auto_pad ?? 'NOTSET'))) {
    return null;
  }
  const kernel =
    readInts(attributes, 'kernel_shape') ?? model.initialisers.get(inputs[1] ?? '')?.shape.slice(2);
  if (kernel?.length !== 2) {
    return null;
  }
  const strides = readInts(attributes, 'strides') ?? [1, 1];
  const dilations = readInts(attributes, 'dilations') ?? [1, 1];
  const pads = attributes.auto_pad === 'VALID' ? [0, 0] : (readInts(attributes, 'pads') ?? [0, 0]);
  return [0, 1].map((axis) => {
    const { stride, first } = before[axis]!;
    const middle = (dilations[axis]! * (kernel[axis]! - 1)) / 2 - pads[axis]!;
    return { stride: stride * strides[axis]!, first: first + stride * middle };
  }) as [Spacing, Spacing];
}
