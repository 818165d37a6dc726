import { readInt, readInts } from '../../../onnx/attributes.js';
import { computeWindow, type Window } from '../../../onnx/shapes/window-shapes.js';
import { countElements, createFloatTensor } from '../../../onnx/tensor.js';
import type { GradientRule } from './rule.js';
import { throughWindow } from './through-window.js';

/** y = mean over a sliding window: each dy, divided by its window's size, is added to all the window covers. */
export const averagePool: GradientRule = ({ g, node, x, dy }) => {
  const kernel = readInts(node.attributes, 'kernel_shape') ?? [];
  const window = computeWindow(node.attributes, x.shape.slice(2), kernel);
  const withPads = readInt(node.attributes, 'count_include_pad', 0) === 1;
  const shares = g.constant(
    createFloatTensor(shareOf(window, x.shape.slice(2), withPads), window.output),
    'window share',
  );
  const channels = x.shape[1] ?? 1;
  const ones = g.constant(
    createFloatTensor(new Float32Array(channels * countElements(kernel)).fill(1), [channels, 1, ...kernel]),
  );
  const through = { window, spatial: x.shape.slice(2), group: channels };
  return [throughWindow(g, g.mul(dy, shares), ones, through)];
};

/** 1 / (number of elements averaged) per output position, row-major over the spatial axes. */
function shareOf(window: Window, spatial: readonly number[], withPads: boolean): Float32Array {
  let shares = [1];
  window.output.forEach((length, axis) => {
    const size = spatial[axis] ?? 0;
    const low = withPads ? -(window.begin[axis] ?? 0) : 0;
    const high = withPads ? size + (window.end[axis] ?? 0) : size;
    const counts = Array.from({ length }, (_, i) => {
      const start = i * (window.strides[axis] ?? 1) - (window.begin[axis] ?? 0);
      const taps = Array.from(
        { length: window.kernel[axis] ?? 1 },
        (_, k) => start + k * (window.dilations[axis] ?? 1),
      );
      return taps.filter((tap) => tap >= low && tap < high).length;
    });
    shares = shares.flatMap((share) => counts.map((count) => share / Math.max(count, 1)));
  });
  return Float32Array.from(shares);
}
