/**
 * Computes depthwise convolutions as matrix products. onnxruntime's CPU kernels handle one channel at a time, so a
 * trainable depthwise convolution, and especially its two gradients, took most of a training step. Here, a block of
 * output rows of a channel is the product of the input rows that it sees with a banded (Toeplitz) matrix made from the
 * kernel. The three computations become
 *
 *     y = rows(x) T(w)      dw = the taps of rows(x)^T dy      dx = depthwise(dy, reversed w)
 *
 * They multiply by many zeros and are still several times faster (npm run bench:train).
 *
 * Layout: x [C, N, H, W], the channel first; weight [C, 1, kH, kW]; y [C, N, P, Q].
 */
import type { Value } from '../../onnx/onnx-values.js';
import type { Window } from '../../onnx/shapes/window-shapes.js';
import { countElements } from '../../onnx/tensor.js';
import type { GraphBuilder } from './graph-builder.js';
import { computeOverhang } from './rules/spread-window.js';

/** Up to this many entries, one matrix maps a whole image, and no rows are copied. */
const MAX_WHOLE_IMAGE_ENTRIES = 10_000;

/** How the output is divided into blocks of rows. */
interface Blocks {
  count: number;
  /** Output rows per block. */
  rows: number;
  /** Input rows a block sees. */
  seen: number;
  /** Input rows from one block to the next. */
  stride: number;
  /** Input rows above the image that the first block sees. */
  above: number;
}

/** Reads the geometry of a window along one axis. */
function readAxis(window: Window, axis: 0 | 1) {
  const at = (values: readonly number[]) => values[axis] ?? 1;
  return {
    kernel: at(window.kernel),
    stride: at(window.strides),
    dilation: at(window.dilations),
    begin: window.begin[axis] ?? 0,
    output: at(window.output),
  };
}

function chooseBlocks(x: Value, window: Window): Blocks {
  const [, , height = 1, width = 1] = x.shape;
  const { kernel, stride, dilation, begin, output } = readAxis(window, 0);
  if (height * width * countElements(window.output) <= MAX_WHOLE_IMAGE_ENTRIES) {
    return { count: 1, rows: output, seen: height, stride: 0, above: begin };
  }
  const rows = output % 2 === 0 ? 2 : 1;
  const seen = (rows - 1) * stride + dilation * (kernel - 1) + 1;
  return { count: output / rows, rows, seen, stride: rows * stride, above: 0 };
}

/** Appends the rows that each block sees: [C, N * blocks, seen * W]. */
function appendRows(g: GraphBuilder, x: Value, window: Window, blocks: Blocks): Value {
  const [channels = 1, batch = 1, height = 1, width = 1] = x.shape;
  const flat = [channels, batch * blocks.count, blocks.seen * width];
  if (blocks.count === 1) {
    return g.reshape(x, flat);
  }
  const above = readAxis(window, 0).begin;
  const below = (blocks.count - 1) * blocks.stride + blocks.seen - above - height;
  const padded = g.pad(x, [0, 0, above, 0], [0, 0, below, 0]);
  const rows = Array.from({ length: blocks.count * blocks.seen }, (_, i) => {
    return Math.floor(i / blocks.seen) * blocks.stride + (i % blocks.seen);
  });
  return g.reshape(g.op('Gather', [padded, g.integers(rows)], { axis: 2 }), flat);
}

/**
 * Marks the places of each tap in the Toeplitz matrix with 1: [kH * kW, seen * W * rows * Q], or in the transposed matrix,
 * [kH * kW, rows * Q * seen * W].
 */
function createSelection(
  g: GraphBuilder,
  width: number,
  window: Window,
  blocks: Blocks,
  isTransposed = false,
): Value {
  const vertical = readAxis(window, 0);
  const horizontal = readAxis(window, 1);
  const columns = blocks.rows * horizontal.output;
  const inputs = blocks.seen * width;
  const taps = vertical.kernel * horizontal.kernel;
  const shape = [taps, inputs * columns];
  // Shared by all layers with this geometry, so that onnxruntime computes a layer's matrix once for both passes.
  return g.shared(`taps ${JSON.stringify([vertical, horizontal, width, blocks, isTransposed])}`, () => {
    const data = new Float32Array(countElements(shape));
    for (let tap = 0; tap < taps; tap++) {
      const down = Math.floor(tap / horizontal.kernel);
      const across = tap % horizontal.kernel;
      for (let column = 0; column < columns; column++) {
        const outputRow = Math.floor(column / horizontal.output);
        const row = outputRow * vertical.stride + down * vertical.dilation - blocks.above;
        const outputColumn = column % horizontal.output;
        const x = outputColumn * horizontal.stride + across * horizontal.dilation - horizontal.begin;
        if (row < 0 || row >= blocks.seen || x < 0 || x >= width) {
          continue;
        }
        const from = row * width + x;
        data[tap * inputs * columns + (isTransposed ? column * inputs + from : from * columns + column)] = 1;
      }
    }
    return { dtype: 'float32', shape, data };
  });
}

/** Appends the kernels as Toeplitz matrices: [C, seen * W, rows * Q]. */
function appendToeplitz(
  g: GraphBuilder,
  weight: Value,
  width: number,
  window: Window,
  blocks: Blocks,
): Value {
  const [channels = 1] = weight.shape;
  const taps = g.reshape(weight, [channels, countElements(window.kernel)]);
  const spread = g.matMul(taps, createSelection(g, width, window, blocks));
  return g.reshape(spread, [channels, blocks.seen * width, blocks.rows * readAxis(window, 1).output]);
}

/** Whether ONNX Runtime's own kernel is faster, as for one shape of window on all but the smallest images. */
function hasFastKernel(window: Window, blocks: Blocks, pads: readonly number[]): boolean {
  const plain = [...window.strides, ...window.dilations].every((n) => n === 1);
  return plain && window.kernel.every((n) => n === 3) && blocks.count > 1 && pads.every((pad) => pad >= 0);
}

function appendForward(g: GraphBuilder, x: Value, weight: Value, window: Window): Value {
  const [channels = 1, batch = 1, height = 1, width = 1] = x.shape;
  const shape = [channels, batch, ...window.output];
  const blocks = chooseBlocks(x, window);
  const pads = [...window.begin, ...computeOverhang(window, [height, width])];
  if (hasFastKernel(window, blocks, pads)) {
    const image = g.reshape(x, [1, channels * batch, height, width]);
    return g.reshape(
      g.conv(image, repeatPerImage(g, weight, batch), { pads, group: channels * batch }),
      shape,
    );
  }
  return g.reshape(
    g.matMul(appendRows(g, x, window, blocks), appendToeplitz(g, weight, width, window, blocks)),
    shape,
  );
}

/** Repeats the weight for every image of the batch: [C * N, 1, kH, kW]. */
function repeatPerImage(g: GraphBuilder, weight: Value, batch: number): Value {
  const [channels = 1, one = 1, ...kernel] = weight.shape;
  const repeated = g.expand(g.reshape(weight, [channels, 1, one, ...kernel]), [
    channels,
    batch,
    one,
    ...kernel,
  ]);
  return g.reshape(repeated, [channels * batch, one, ...kernel]);
}

/**
 * Appends a convolution of each channel with its own kernel.
 *
 * @param x float32 [C, N, H, W]
 * @param weight float32 [C, 1, kH, kW]
 * @param window the geometry, with `output` the size [P, Q] of the result
 * @returns float32 [C, N, P, Q]
 */
export function appendDepthwise(g: GraphBuilder, x: Value, weight: Value, window: Window): Value {
  return g.composite(
    'Depthwise',
    [x, weight],
    () => appendForward(g, x, weight, window),
    ({ dy, needs }) => [
      needs(0) ? appendDepthwiseDataGradient(g, x, weight, dy, window) : undefined,
      needs(1) ? appendDepthwiseWeightGradient(g, x, weight, dy, window) : undefined,
    ],
  );
}

function appendDepthwiseDataGradient(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  dy: Value,
  window: Window,
): Value {
  const [channels = 1, batch = 1, height = 1, width = 1] = x.shape;
  const blocks = chooseBlocks(x, window);
  if (blocks.count === 1) {
    const matrix = g.transposeLast(appendToeplitz(g, weight, width, window, blocks));
    return g.reshape(
      g.matMul(g.reshape(dy, [channels, batch, countElements(window.output)]), matrix),
      x.shape,
    );
  }
  if (window.strides.every((stride) => stride === 1)) {
    const begin = window.begin.map((pad, axis) => {
      return ((window.kernel[axis] ?? 1) - 1) * (window.dilations[axis] ?? 1) - pad;
    });
    const output = [height, width];
    return appendForward(g, dy, g.reverse(weight, [2, 3]), { ...window, begin, output });
  }
  const ends = computeOverhang(window, [height, width]);
  const image = g.reshape(dy, [1, channels * batch, ...window.output]);
  const spread = g.convTranspose(image, repeatPerImage(g, weight, batch), {
    group: channels * batch,
    strides: window.strides,
    dilations: window.dilations,
    pads: [...window.begin, ...ends.map((end) => Math.max(end, 0))],
    output_padding: ends.map((end) => Math.max(-end, 0)),
  });
  return g.reshape(spread, x.shape);
}

function appendDepthwiseWeightGradient(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  dy: Value,
  window: Window,
): Value {
  const [channels = 1, batch = 1, , width = 1] = x.shape;
  const blocks = chooseBlocks(x, window);
  const columns = blocks.rows * readAxis(window, 1).output;
  const rows = appendRows(g, x, window, blocks);
  // dy^T rows(x), not rows(x)^T dy: transposing the narrower factor is cheaper.
  const turned = g.transposeLast(g.reshape(dy, [channels, batch * blocks.count, columns]));
  const matrix = g.reshape(g.matMul(turned, rows), [channels, columns * blocks.seen * width]);
  return g.reshape(
    g.matMul(matrix, g.transposeLast(createSelection(g, width, window, blocks, true))),
    weight.shape,
  );
}
