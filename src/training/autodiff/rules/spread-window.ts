/** Sends gradients back through a sliding window, by ConvTranspose. */
import type { Value } from '../../../onnx/onnx-values.js';
import type { Window } from '../../../onnx/shapes/window-shapes.js';
import type { GraphBuilder } from '../graph-builder.js';

/**
 * Computes how far the last window reaches beyond the input, per spatial axis; negative if no window reaches the last
 * elements.
 */
export function computeOverhang(window: Window, spatial: readonly number[]): number[] {
  return spatial.map((length, axis) => {
    const extent = (window.dilations[axis] ?? 1) * ((window.kernel[axis] ?? 1) - 1) + 1;
    const covered = ((window.output[axis] ?? 1) - 1) * (window.strides[axis] ?? 1) + extent;
    return covered - (window.begin[axis] ?? 0) - length;
  });
}

/**
 * Adds every element of `dy`, times the weight, to all elements that its window covered.
 *
 * ONNX Runtime's CUDA provider cannot pad the two ends of a ConvTranspose differently. It would run the operator on the
 * CPU, and the whole step would wait for it (docs/gpu.md). So ConvTranspose gets the padding that both ends share, and the
 * rest is cropped from its result.
 *
 * @param dy [N, O, ...P]
 * @param weight [O, C/group, ...K]
 * @param window the forward window
 * @param spatial the forward input's spatial size, I
 * @returns [N, C, ...I]
 */
export function spreadThroughWindow(
  g: GraphBuilder,
  dy: Value,
  weight: Value,
  { window, spatial, group }: { window: Window; spatial: readonly number[]; group: number },
): Value {
  const overhang = computeOverhang(window, spatial);
  const sharedPads = overhang.map((end, axis) => Math.min(Math.max(end, 0), window.begin[axis] ?? 0));
  let result = g.convTranspose(dy, weight, {
    strides: window.strides,
    dilations: window.dilations,
    pads: [...sharedPads, ...sharedPads],
    output_padding: overhang.map((end) => Math.max(-end, 0)),
    group,
  });
  spatial.forEach((length, axis) => {
    const begin = (window.begin[axis] ?? 0) - (sharedPads[axis] ?? 0);
    if (result.shape[axis + 2] !== length) {
      result = g.slice(result, axis + 2, begin, begin + length);
    }
  });
  return result;
}
