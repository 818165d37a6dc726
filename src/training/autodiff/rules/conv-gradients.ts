/**
 * The two gradients of a convolution, each in the forms that onnxruntime's CPU kernels run fastest; the numbers
 * are in docs/autodiff.md. Shapes: x [N, C, ...I], weight [O, C/group, ...K], dy [N, O, ...P].
 */

import type { Window } from '../../../onnx/shapes/window-shapes.js';
import { countElements } from '../../../onnx/tensor.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';
import { overhang, throughWindow } from './through-window.js';

/** A convolution and the gradient of its output. */
interface ConvCall {
  x: Value;
  weight: Value;
  dy: Value;
  group: number;
  window: Window;
}

/** A 1x1 convolution without stride or padding: a matrix product per position. */
function isPointwise({ window, group }: ConvCall): boolean {
  const trivial = [...window.kernel, ...window.strides].every((n) => n === 1);
  return group === 1 && trivial && [...window.begin, ...window.end].every((n) => n === 0);
}

/** dx: every dy, times the weight, added to what its window covered. */
export function convDataGradient(g: GraphBuilder, call: ConvCall): Value {
  const { x, weight, dy, group, window } = call;
  if (isPointwise(call)) return g.conv(dy, g.transpose(weight, swapFirst(weight)), {});
  return throughWindow(g, dy, weight, { window, spatial: x.shape.slice(2), group });
}

/** dw: for every tap of the kernel, the products of dy with the element the tap saw, summed over all positions. */
export function convWeightGradient(g: GraphBuilder, call: ConvCall): Value {
  const { x, weight, dy } = call;
  if (isPointwise(call)) {
    const matrix = (value: Value) =>
      g.reshape(value, [...value.shape.slice(0, 2), countElements(value.shape.slice(2))]);
    const perImage = g.matMul(matrix(dy), g.transposeLast(matrix(x)));
    return g.reshape(g.reduceSum(perImage, [0], false), weight.shape);
  }
  return correlation(g, call);
}

/**
 * The general form: a convolution in which dy is the kernel and strides and dilations change places. Batch and
 * channels change places too, so that the sum over the batch happens inside the convolution.
 */
function correlation(g: GraphBuilder, { x, weight, dy, group, window }: ConvCall): Value {
  const [batch = 1, channels = 1] = x.shape;
  const spatial = x.shape.slice(2);
  const axes = spatial.map((_, axis) => axis);
  const grouped = g.reshape(x, [batch, group, channels / group, ...spatial]);
  const swapped = g.transpose(grouped, [2, 1, 0, ...axes.map((axis) => axis + 3)]);
  const image = g.reshape(swapped, [channels / group, group * batch, ...spatial]);
  const kernel = g.transpose(dy, swapFirst(dy));
  let gradient = g.conv(image, kernel, {
    group,
    strides: window.dilations,
    dilations: window.strides,
    pads: [...window.begin, ...overhang(window, spatial).map((end) => Math.max(end, 0))],
  });
  // Rows at the far end that no window reached gave taps beyond the kernel.
  window.kernel.forEach((size, axis) => {
    if (gradient.shape[axis + 2] !== size) gradient = g.slice(gradient, axis + 2, 0, size);
  });
  return g.reshape(g.transpose(gradient, swapFirst(gradient)), weight.shape);
}

/** The axis order that exchanges the first two axes. */
function swapFirst(value: Value): number[] {
  return value.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis));
}
