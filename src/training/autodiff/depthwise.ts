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
import { computeOverhang, computeSpan, type WindowAxis } from '../../onnx/shapes/window-shapes.js';
import type { GraphBuilder } from './graph-builder.js';
import { spreadThroughWindow } from './rules/window-rules.js';

/** The geometry along height and width. */
export type Window2d = readonly [WindowAxis, WindowAxis];

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

function chooseBlocks([vertical, horizontal]: Window2d): Blocks {
  const inputs = vertical.length * horizontal.length;
  if (inputs * vertical.output * horizontal.output <= MAX_WHOLE_IMAGE_ENTRIES) {
    return { count: 1, rows: vertical.output, seen: vertical.length, stride: 0, above: vertical.begin };
  }
  const rows = vertical.output % 2 === 0 ? 2 : 1;
  const seen = (rows - 1) * vertical.stride + computeSpan(vertical);
  return { count: vertical.output / rows, rows, seen, stride: rows * vertical.stride, above: 0 };
}

/** Counts the elements that a block reads and writes: the rows and columns of its Toeplitz matrix. */
function measureMatrix([, horizontal]: Window2d, { seen, rows }: Blocks): [inputs: number, outputs: number] {
  return [seen * horizontal.length, rows * horizontal.output];
}

/** Appends the rows that each block sees: [C, N * blocks, seen * W]. */
function appendRows(g: GraphBuilder, x: Value, window: Window2d, blocks: Blocks): Value {
  const [channels = 1, batch = 1] = x.shape;
  const [inputs] = measureMatrix(window, blocks);
  const flat = [channels, batch * blocks.count, inputs];
  if (blocks.count === 1) {
    return g.reshape(x, flat);
  }
  const { begin, length } = window[0];
  const below = (blocks.count - 1) * blocks.stride + blocks.seen - begin - length;
  const padded = g.pad(x, [0, 0, begin, 0], [0, 0, below, 0]);
  const rows = Array.from({ length: blocks.count * blocks.seen }, (_, i) => {
    return Math.floor(i / blocks.seen) * blocks.stride + (i % blocks.seen);
  });
  return g.reshape(g.op('Gather', [padded, g.integers(rows)], { axis: 2 }), flat);
}

/**
 * Marks the places of each tap in the Toeplitz matrix with 1: [kH * kW, seen * W * rows * Q], or in the transposed matrix,
 * [kH * kW, rows * Q * seen * W].
 */
function createSelection(g: GraphBuilder, window: Window2d, blocks: Blocks, isTransposed = false): Value {
  const [vertical, horizontal] = window;
  const [inputs, outputs] = measureMatrix(window, blocks);
  const taps = vertical.kernel * horizontal.kernel;
  // Shared by all layers with this geometry, so that onnxruntime computes a layer's matrix once for both passes.
  return g.shared(`taps ${JSON.stringify([window, blocks, isTransposed])}`, () => {
    const data = new Float32Array(taps * inputs * outputs);
    for (let tap = 0; tap < taps; tap++) {
      const down = Math.floor(tap / horizontal.kernel);
      const across = tap % horizontal.kernel;
      for (let output = 0; output < outputs; output++) {
        const outputRow = Math.floor(output / horizontal.output);
        const row = outputRow * vertical.stride + down * vertical.dilation - blocks.above;
        const outputColumn = output % horizontal.output;
        const column = outputColumn * horizontal.stride + across * horizontal.dilation - horizontal.begin;
        if (row < 0 || row >= blocks.seen || column < 0 || column >= horizontal.length) {
          continue;
        }
        const input = row * horizontal.length + column;
        const place = isTransposed ? output * inputs + input : input * outputs + output;
        data[tap * inputs * outputs + place] = 1;
      }
    }
    return { dtype: 'float32', shape: [taps, inputs * outputs], data };
  });
}

/** Appends the kernels as Toeplitz matrices: [C, seen * W, rows * Q]. */
function appendToeplitz(g: GraphBuilder, weight: Value, window: Window2d, blocks: Blocks): Value {
  const [channels = 1] = weight.shape;
  const taps = g.reshape(weight, [channels, window[0].kernel * window[1].kernel]);
  const matrices = g.matMul(taps, createSelection(g, window, blocks));
  return g.reshape(matrices, [channels, ...measureMatrix(window, blocks)]);
}

/** Whether ONNX Runtime's own kernel is faster, as for one shape of window on all but the smallest images. */
function hasFastKernel(window: Window2d, blocks: Blocks, pads: readonly number[]): boolean {
  const is3x3 = window.every(
    ({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1,
  );
  return is3x3 && blocks.count > 1 && pads.every((pad) => pad >= 0);
}

function appendForward(g: GraphBuilder, x: Value, weight: Value, window: Window2d): Value {
  const [channels = 1, batch = 1] = x.shape;
  const shape = [channels, batch, ...window.map(({ output }) => output)];
  const blocks = chooseBlocks(window);
  const pads = [...window.map(({ begin }) => begin), ...window.map(computeOverhang)];
  if (hasFastKernel(window, blocks, pads)) {
    const kernels = repeatPerImage(g, weight, batch);
    return g.reshape(g.conv(viewAsOneImage(g, x), kernels, { pads, group: channels * batch }), shape);
  }
  return g.reshape(
    g.matMul(appendRows(g, x, window, blocks), appendToeplitz(g, weight, window, blocks)),
    shape,
  );
}

/** Views [C, N, H, W] as one image with a channel for each channel of each image: [1, C * N, H, W]. */
function viewAsOneImage(g: GraphBuilder, x: Value): Value {
  const [channels = 1, batch = 1, ...spatial] = x.shape;
  return g.reshape(x, [1, channels * batch, ...spatial]);
}

/** Repeats the weight for every image of the batch: [C * N, 1, kH, kW]. */
function repeatPerImage(g: GraphBuilder, weight: Value, batch: number): Value {
  const [channels = 1, ...kernel] = weight.shape;
  const repeated = g.expand(g.reshape(weight, [channels, 1, ...kernel]), [channels, batch, ...kernel]);
  return g.reshape(repeated, [channels * batch, ...kernel]);
}

/**
 * Appends a convolution of each channel with its own kernel.
 *
 * @param x float32 [C, N, H, W]
 * @param weight float32 [C, 1, kH, kW]
 * @returns float32 [C, N, P, Q], the output size of the window
 */
export function appendDepthwise(g: GraphBuilder, x: Value, weight: Value, window: Window2d): Value {
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
  window: Window2d,
): Value {
  const [channels = 1, batch = 1] = x.shape;
  const blocks = chooseBlocks(window);
  if (blocks.count === 1) {
    const [, outputs] = measureMatrix(window, blocks);
    const matrices = g.transposeLast(appendToeplitz(g, weight, window, blocks));
    return g.reshape(g.matMul(g.reshape(dy, [channels, batch, outputs]), matrices), x.shape);
  }
  if (window.every(({ stride }) => stride === 1)) {
    const [vertical, horizontal] = window;
    return appendForward(g, dy, g.reverse(weight, [2, 3]), [reverseAxis(vertical), reverseAxis(horizontal)]);
  }
  const kernels = repeatPerImage(g, weight, batch);
  const spread = spreadThroughWindow(g, viewAsOneImage(g, dy), kernels, window, channels * batch);
  return g.reshape(spread, x.shape);
}

/** The window that sends the gradient back, from outputs to inputs. Its stride is 1. */
function reverseAxis(axis: WindowAxis): WindowAxis {
  const reach = axis.dilation * (axis.kernel - 1);
  return {
    ...axis,
    length: axis.output,
    begin: reach - axis.begin,
    end: reach - axis.end,
    output: axis.length,
  };
}

function appendDepthwiseWeightGradient(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  dy: Value,
  window: Window2d,
): Value {
  const [channels = 1, batch = 1] = x.shape;
  const blocks = chooseBlocks(window);
  const [inputs, outputs] = measureMatrix(window, blocks);
  const rows = appendRows(g, x, window, blocks);
  // dy^T rows(x), not rows(x)^T dy: transposing the narrower factor is cheaper.
  const turned = g.transposeLast(g.reshape(dy, [channels, batch * blocks.count, outputs]));
  const matrix = g.reshape(g.matMul(turned, rows), [channels, outputs * inputs]);
  return g.reshape(g.matMul(matrix, g.transposeLast(createSelection(g, window, blocks, true))), weight.shape);
}
