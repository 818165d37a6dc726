/** Shapes of convolution and pooling over [N, C, ...spatial]. */
import { readInt, readInts, readString } from '../attributes.js';
import type { Attributes } from '../onnx-model.js';
import { requireInput, type ShapeRule } from './computing-shapes.js';

/** The geometry of a window that slides over the spatial axes, with one entry per axis. */
export interface Window {
  kernel: number[];
  strides: number[];
  dilations: number[];
  /** Padding before each spatial axis. */
  begin: number[];
  /** Padding after each spatial axis. Rounding up may read beyond it. */
  end: number[];
  /** Spatial size of the output. */
  output: number[];
}

/**
 * Resolves strides, dilations and pads, `auto_pad` and `ceil_mode` included.
 *
 * @param spatial the input's spatial size
 * @param kernel the window's size
 */
export function computeWindow(
  attributes: Attributes,
  spatial: readonly number[],
  kernel: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const strides = readInts(attributes, 'strides') ?? ones;
  const dilations = readInts(attributes, 'dilations') ?? ones;
  const pads = readInts(attributes, 'pads') ?? [...ones, ...ones].fill(0);
  const autoPad = readString(attributes, 'auto_pad', 'NOTSET');
  const window: Window = { kernel: [...kernel], strides, dilations, begin: [], end: [], output: [] };
  kernel.forEach((size, axis) => {
    const extent = (dilations[axis] ?? 1) * (size - 1) + 1;
    const stride = strides[axis] ?? 1;
    const length = spatial[axis] ?? Number.NaN;
    let begin = pads[axis] ?? 0;
    let end = pads[axis + kernel.length] ?? 0;
    if (autoPad === 'VALID') {
      begin = end = 0;
    }
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + extent - length);
      begin = autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      end = total - begin;
    }
    const steps = (length + begin + end - extent) / stride;
    const roundUp = readInt(attributes, 'ceil_mode', 0) === 1;
    let output = (roundUp ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // Rounding up never adds a window that starts in the padding after the input.
    if (roundUp && (output - 1) * stride >= length + begin) {
      output--;
    }
    window.begin.push(begin);
    window.end.push(end);
    window.output.push(output > 0 ? output : Number.NaN);
  });
  return window;
}

/** Whether a window sees one position at a time and skips none, so that a convolution is a matrix product per position. */
export function isPointwise({ kernel, strides, begin, end }: Window): boolean {
  return [...kernel, ...strides].every((n) => n === 1) && [...begin, ...end].every((n) => n === 0);
}

export const poolShape: ShapeRule = (call) => {
  const { shape } = requireInput(call, 0);
  const kernel = readInts(call.attributes, 'kernel_shape') ?? [];
  return [...shape.slice(0, 2), ...computeWindow(call.attributes, shape.slice(2), kernel).output];
};

export const WINDOW_SHAPES: Readonly<Record<string, ShapeRule>> = {
  Conv: (call) => {
    const [x, w] = [requireInput(call, 0), requireInput(call, 1)];
    const window = computeWindow(call.attributes, x.shape.slice(2), w.shape.slice(2));
    const fits = x.shape[1] === (w.shape[1] ?? Number.NaN) * readInt(call.attributes, 'group', 1);
    return [x.shape[0] ?? 0, fits ? (w.shape[0] ?? Number.NaN) : Number.NaN, ...window.output];
  },

  ConvTranspose: (call) => {
    const [x, w] = [requireInput(call, 0), requireInput(call, 1)];
    const kernel = w.shape.slice(2);
    const window = computeWindow(call.attributes, kernel, kernel);
    const extra = readInts(call.attributes, 'output_padding') ?? kernel.map(() => 0);
    const spatial = x.shape.slice(2).map((length, axis) => {
      const extent = (window.dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
      const pads = (window.begin[axis] ?? 0) + (window.end[axis] ?? 0);
      return (length - 1) * (window.strides[axis] ?? 1) + extent - pads + (extra[axis] ?? 0);
    });
    const channels = (w.shape[1] ?? Number.NaN) * readInt(call.attributes, 'group', 1);
    return [x.shape[0] ?? 0, channels, ...spatial];
  },

  AveragePool: poolShape,
  GlobalAveragePool: (call) => requireInput(call, 0).shape.map((d, axis) => (axis < 2 ? d : 1)),
};
