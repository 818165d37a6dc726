/** Turning a convolution's window round: how ConvTranspose undoes it. */

import type { Window } from '../../../onnx/shapes/window-shapes.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';

/**
 * How far past the input's end the last window reaches, per spatial axis; negative where elements at the end are
 * reached by no window.
 */
export function overhang(window: Window, spatial: readonly number[]): number[] {
  return spatial.map((length, axis) => {
    const extent = (window.dilations[axis] ?? 1) * ((window.kernel[axis] ?? 1) - 1) + 1;
    const covered = ((window.output[axis] ?? 1) - 1) * (window.strides[axis] ?? 1) + extent;
    return covered - (window.begin[axis] ?? 0) - length;
  });
}

/**
 * Sends what a window gave back to what it saw: every element of `dy`, times the weight, added to all that its window
 * covered.
 *
 * onnxruntime's CUDA provider has no ConvTranspose with more padding at one end than at the other; it leaves
 * such a one to the CPU, and then the whole step waits for it (docs/gpu.md). So ConvTranspose is told the padding that
 * both ends have, and the rest is cut off its result.
 *
 * @param dy [N, O, ...P]
 * @param weight [O, C/group, ...K]
 * @param window the forward window
 * @param spatial the forward input's spatial size, I
 * @returns [N, C, ...I]
 */
export function throughWindow(
  g: GraphBuilder,
  dy: Value,
  weight: Value,
  { window, spatial, group }: { window: Window; spatial: readonly number[]; group: number },
): Value {
  const reached = overhang(window, spatial);
  const ends = reached.map((end) => Math.max(end, 0));
  const both = ends.map((end, axis) => Math.min(end, window.begin[axis] ?? 0));
  const { strides, dilations } = window;
  const output_padding = reached.map((end) => Math.max(-end, 0));
  let result = g.convTranspose(dy, weight, {
    strides,
    dilations,
    pads: [...both, ...both],
    output_padding,
    group,
  });
  spatial.forEach((length, axis) => {
    const begin = (window.begin[axis] ?? 0) - (both[axis] ?? 0);
    if (result.shape[axis + 2] !== length) result = g.slice(result, axis + 2, begin, begin + length);
  });
  return result;
}
