/** Shapes of convolution and pooling over [N, C, ...spatial]. */
import { readInt, readInts, readString } from '../attributes.js';
import type { Attributes } from '../onnx-model.js';
import { requireInput, type ShapeRule } from './computing-shapes.js';

/** A window that slides along one spatial axis. */
export interface WindowAxis {
  /** Size of the input. */
  readonly length: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the input. */
  readonly begin: number;
  /** Padding after the input. Rounding up may read beyond it. */
  readonly end: number;
  /** Size of the output; NaN if the window does not fit. */
  readonly output: number;
}

/** A window over all spatial axes. */
export type Window = readonly WindowAxis[];

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
  const strides = readInts(attributes, 'strides') ?? [];
  const dilations = readInts(attributes, 'dilations') ?? [];
  const pads = readInts(attributes, 'pads') ?? [];
  const autoPad = readString(attributes, 'auto_pad', 'NOTSET');
  const roundUp = readInt(attributes, 'ceil_mode', 0) === 1;
  return kernel.map((size, axis) => {
    const window = {
      length: spatial[axis] ?? Number.NaN,
      kernel: size,
      stride: strides[axis] ?? 1,
      dilation: dilations[axis] ?? 1,
    };
    const stored = { begin: pads[axis] ?? 0, end: pads[axis + kernel.length] ?? 0 };
    const padding = autoPad === 'NOTSET' ? stored : computeAutoPad(autoPad, window);
    const output = countPositions({ ...window, ...padding }, roundUp);
    return { ...window, ...padding, output: output > 0 ? output : Number.NaN };
  });
}

/** Computes the number of input elements from the first to the last that a window sees, with those it skips. */
export function computeSpan({ kernel, dilation }: Pick<WindowAxis, 'kernel' | 'dilation'>): number {
  return dilation * (kernel - 1) + 1;
}

/** Computes how far the last window reaches beyond the input; negative if no window reaches the last elements. */
export function computeOverhang(axis: WindowAxis): number {
  return (axis.output - 1) * axis.stride + computeSpan(axis) - axis.begin - axis.length;
}

type Unpadded = Omit<WindowAxis, 'begin' | 'end' | 'output'>;

function computeAutoPad(autoPad: string, axis: Unpadded): Pick<WindowAxis, 'begin' | 'end'> {
  if (autoPad === 'VALID') {
    return { begin: 0, end: 0 };
  }
  const { length, stride } = axis;
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + computeSpan(axis) - length);
  const begin = autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  return { begin, end: total - begin };
}

function countPositions(axis: Omit<WindowAxis, 'output'>, roundUp: boolean): number {
  const { length, stride, begin, end } = axis;
  const steps = (length + begin + end - computeSpan(axis)) / stride;
  if (!roundUp) {
    return Math.floor(steps) + 1;
  }
  const count = Math.ceil(steps) + 1;
  // Rounding up never adds a window that starts in the padding after the input.
  return (count - 1) * stride >= length + begin ? count - 1 : count;
}

/** Whether a window sees one position at a time and skips none, so that a convolution is a matrix product per position. */
export function isPointwise(window: Window): boolean {
  return window.every(
    ({ kernel, stride, begin, end }) => kernel === 1 && stride === 1 && begin === 0 && end === 0,
  );
}

const getOutputs = (window: Window) => window.map(({ output }) => output);

export const poolShape: ShapeRule = (call) => {
  const { shape } = requireInput(call, 0);
  const kernel = readInts(call.attributes, 'kernel_shape') ?? [];
  return [...shape.slice(0, 2), ...getOutputs(computeWindow(call.attributes, shape.slice(2), kernel))];
};

export const WINDOW_SHAPES: Readonly<Record<string, ShapeRule>> = {
  Conv: (call) => {
    const [x, w] = [requireInput(call, 0), requireInput(call, 1)];
    const window = computeWindow(call.attributes, x.shape.slice(2), w.shape.slice(2));
    const fits = x.shape[1] === (w.shape[1] ?? Number.NaN) * readInt(call.attributes, 'group', 1);
    return [x.shape[0] ?? 0, fits ? (w.shape[0] ?? Number.NaN) : Number.NaN, ...getOutputs(window)];
  },

  ConvTranspose: (call) => {
    const [x, w] = [requireInput(call, 0), requireInput(call, 1)];
    const kernel = w.shape.slice(2);
    const window = computeWindow(call.attributes, kernel, kernel);
    const extra = readInts(call.attributes, 'output_padding') ?? [];
    const spatial = window.map((geometry, axis) => {
      const { stride, begin, end } = geometry;
      const length = x.shape[axis + 2] ?? Number.NaN;
      return (length - 1) * stride + computeSpan(geometry) - begin - end + (extra[axis] ?? 0);
    });
    const channels = (w.shape[1] ?? Number.NaN) * readInt(call.attributes, 'group', 1);
    return [x.shape[0] ?? 0, channels, ...spatial];
  },

  AveragePool: poolShape,
  GlobalAveragePool: (call) => requireInput(call, 0).shape.map((d, axis) => (axis < 2 ? d : 1)),
};
