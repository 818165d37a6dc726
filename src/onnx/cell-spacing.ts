/** Finds which part of the input each cell of a feature map describes. */
import { readInts } from './attributes.js';
import type { Model, ModelNode } from './onnx-model.js';
import { followMaps } from './walk-model.js';

/** The positions of the cells of a map along one axis, in pixels of the network's input. */
export interface Spacing {
  /** Distance between the middles of neighbouring cells. */
  stride: number;
  /** The middle of the first cell; that of the first pixel is 0. */
  first: number;
}

/** Spacing along height and width. */
type Spacings = [Spacing, Spacing];

/**
 * Follows a feature map back to the input: a window of stride s, extent k and padding p moves the middle of cell i to
 * s i + (k - 1) / 2 - p (Dumoulin and Visin 2016, arXiv 1603.07285).
 *
 * @param map name of the feature map
 * @param input name of the graph's input
 * @returns spacing along height and width; null when an operator on the way moves cells in another way
 */
export function findCellSpacing(model: Model, map: string, input: string): Spacings | null {
  const pixel = { stride: 1, first: 0 };
  return followMaps<Spacings>(model, input, [pixel, pixel], slideWindow).get(map) ?? null;
}

function slideWindow(
  { attributes }: ModelNode,
  before: Spacings | undefined,
  kernel: readonly number[],
): Spacings | undefined {
  const padding = String(attributes.auto_pad ?? 'NOTSET');
  if (before === undefined || kernel.length !== 2 || !['NOTSET', 'VALID'].includes(padding)) {
    return undefined;
  }
  const strides = readInts(attributes, 'strides') ?? [1, 1];
  const dilations = readInts(attributes, 'dilations') ?? [1, 1];
  const pads = padding === 'VALID' ? [0, 0] : (readInts(attributes, 'pads') ?? [0, 0]);
  const slide = (axis: 0 | 1) => {
    const { stride, first } = before[axis];
    const middle = (dilations[axis]! * (kernel[axis]! - 1)) / 2 - pads[axis]!;
    return { stride: stride * strides[axis]!, first: first + stride * middle };
  };
  return [slide(0), slide(1)];
}
