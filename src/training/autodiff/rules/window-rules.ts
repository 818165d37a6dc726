/**
 * Gradient rules of convolution and pooling over [N, C, ...spatial]. The two gradients of a convolution are written in
 * the forms that onnxruntime's CPU kernels run fastest (npm run bench:train).
 *
 * Shapes: x [N, C, ...I], weight [O, C/group, ...K], dy [N, O, ...P].
 */
import { readInt, readInts } from '../../../onnx/attributes.js';
import type { Value } from '../../../onnx/onnx-values.js';
import {
  computeOverhang,
  computeWindow,
  isPointwise,
  type Window,
} from '../../../onnx/shapes/window-shapes.js';
import { countElements, createFloatTensor } from '../../../onnx/tensor.js';
import type { GradientRule, GraphBuilder } from '../graph-builder.js';

export const WINDOW_RULES: Readonly<Record<string, GradientRule>> = {
  /** y = convolution of x with w, plus a bias per channel; may be grouped, strided, dilated and padded. */
  Conv: ({ g, node, x, dy, input, needs }) => {
    const weight = input(1);
    const group = readInt(node.attributes, 'group', 1);
    const window = computeWindow(node.attributes, x.shape.slice(2), weight.shape.slice(2));
    const perChannel = dy.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    return [
      needs(0) ? appendConvDataGradient(g, { x, weight, dy, group, window }) : undefined,
      needs(1) ? appendConvWeightGradient(g, { x, weight, dy, group, window }) : undefined,
      needs(2) ? g.reduceSum(dy, perChannel, false) : undefined,
    ];
  },

  /** y = mean over a sliding window: each dy, divided by its window's size, is added to all the window covers. */
  AveragePool: ({ g, node, x, dy }) => {
    const kernel = readInts(node.attributes, 'kernel_shape') ?? [];
    const window = computeWindow(node.attributes, x.shape.slice(2), kernel);
    const withPads = readInt(node.attributes, 'count_include_pad', 0) === 1;
    const outputs = window.map(({ output }) => output);
    const shares = g.constant(createFloatTensor(computeShares(window, withPads), outputs), 'window share');
    const channels = x.shape[1] ?? 1;
    const ones = g.constant(
      createFloatTensor(new Float32Array(channels * countElements(kernel)).fill(1), [channels, 1, ...kernel]),
    );
    return [spreadThroughWindow(g, g.mul(dy, shares), ones, window, channels)];
  },

  /** y = mean over the spatial axes: dx = dy / n, spread. */
  GlobalAveragePool: ({ g, x, dy }) => [g.expand(g.mul(dy, 1 / countElements(x.shape.slice(2))), x.shape)],

  /**
   * y = max over a sliding window: dy goes to the position of the maximum. A second MaxPool computes the positions, so that
   * the one in the forward pass is not changed.
   */
  MaxPool: ({ g, node, x, dy }) => {
    const outputs = g.addNode('MaxPool', [x], { attributes: node.attributes, outputCount: 2 });
    const [, positions] = outputs as [Value, Value];
    const size = [countElements(x.shape)];
    const flat = [countElements(dy.shape)];
    const inputs = [g.zeros(size), g.reshape(positions, flat), g.reshape(dy, flat)];
    return [g.reshape(g.op('ScatterElements', inputs, { axis: 0, reduction: 'add' }), x.shape)];
  },
};

/** 1 / (number of elements averaged) per output position, row-major over the spatial axes. */
function computeShares(window: Window, withPads: boolean): Float32Array {
  let shares = [1];
  for (const { length, kernel, stride, dilation, begin, end, output } of window) {
    const low = withPads ? -begin : 0;
    const high = withPads ? length + end : length;
    const counts = Array.from({ length: output }, (_, i) => {
      const taps = Array.from({ length: kernel }, (_, k) => i * stride - begin + k * dilation);
      return taps.filter((tap) => tap >= low && tap < high).length;
    });
    shares = shares.flatMap((share) => counts.map((count) => share / Math.max(count, 1)));
  }
  return Float32Array.from(shares);
}

/**
 * Adds every element of `dy`, times the weight, to all elements that its window covered, by ConvTranspose.
 *
 * ONNX Runtime's CUDA provider cannot pad the two ends of a ConvTranspose differently. It would run the operator on the
 * CPU, and the whole step would wait for it (docs/gpu.md). So ConvTranspose gets the padding that both ends share, and the
 * rest is cropped from its result.
 *
 * @param dy [N, O, ...P]
 * @param weight [O, C/group, ...K]
 * @param window the forward window, over the spatial axes ...I
 * @returns [N, C, ...I]
 */
export function spreadThroughWindow(
  g: GraphBuilder,
  dy: Value,
  weight: Value,
  window: Window,
  group: number,
): Value {
  const overhang = window.map(computeOverhang);
  const sharedPads = window.map(({ begin }, axis) => Math.min(Math.max(overhang[axis]!, 0), begin));
  let result = g.convTranspose(dy, weight, {
    strides: window.map(({ stride }) => stride),
    dilations: window.map(({ dilation }) => dilation),
    pads: [...sharedPads, ...sharedPads],
    output_padding: overhang.map((end) => Math.max(-end, 0)),
    group,
  });
  window.forEach(({ length, begin }, axis) => {
    const first = begin - sharedPads[axis]!;
    if (result.shape[axis + 2] !== length) {
      result = g.slice(result, axis + 2, first, first + length);
    }
  });
  return result;
}

interface ConvCall {
  x: Value;
  weight: Value;
  dy: Value;
  group: number;
  window: Window;
}

/** dx: every dy, times the weight, added to what its window covered. */
function appendConvDataGradient(g: GraphBuilder, call: ConvCall): Value {
  const { weight, dy, group, window } = call;
  if (group === 1 && isPointwise(window)) {
    return g.conv(dy, g.transpose(weight, swapFirstAxes(weight)), {});
  }
  return spreadThroughWindow(g, dy, weight, window, group);
}

/** dw: for every tap of the kernel, the products of dy with the element the tap saw, summed over all positions. */
function appendConvWeightGradient(g: GraphBuilder, call: ConvCall): Value {
  const { x, weight, dy, group, window } = call;
  if (group === 1 && isPointwise(window)) {
    const matrix = (value: Value) =>
      g.reshape(value, [...value.shape.slice(0, 2), countElements(value.shape.slice(2))]);
    const perImage = g.matMul(matrix(dy), g.transposeLast(matrix(x)));
    return g.reshape(g.reduceSum(perImage, [0], false), weight.shape);
  }
  return correlate(g, call);
}

/**
 * The general form: a convolution with dy as the kernel, in which strides and dilations are swapped. Batch and channels are
 * swapped too, so that the sum over the batch happens inside the convolution.
 */
function correlate(g: GraphBuilder, { x, weight, dy, group, window }: ConvCall): Value {
  const [batch = 1, channels = 1] = x.shape;
  const spatial = x.shape.slice(2);
  const axes = spatial.map((_, axis) => axis);
  const grouped = g.reshape(x, [batch, group, channels / group, ...spatial]);
  const swapped = g.transpose(grouped, [2, 1, 0, ...axes.map((axis) => axis + 3)]);
  const image = g.reshape(swapped, [channels / group, group * batch, ...spatial]);
  const kernel = g.transpose(dy, swapFirstAxes(dy));
  let gradient = g.conv(image, kernel, {
    group,
    strides: window.map(({ dilation }) => dilation),
    dilations: window.map(({ stride }) => stride),
    pads: [
      ...window.map(({ begin }) => begin),
      ...window.map((geometry) => Math.max(computeOverhang(geometry), 0)),
    ],
  });
  // Rows at the far end that no window reached produce taps beyond the kernel.
  window.forEach((geometry, axis) => {
    if (gradient.shape[axis + 2] !== geometry.kernel) {
      gradient = g.slice(gradient, axis + 2, 0, geometry.kernel);
    }
  });
  return g.reshape(g.transpose(gradient, swapFirstAxes(gradient)), weight.shape);
}

/** The order of axes that swaps the first two. */
function swapFirstAxes(value: Value): number[] {
  return value.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis));
}
