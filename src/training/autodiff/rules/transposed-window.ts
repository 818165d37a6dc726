/** Turning a convolution's window round: the attributes with which ConvTranspose undoes it. */
import type { Window } from '../shapes/convolution.js';

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
 * @param window the forward window
 * @param spatial the forward input's spatial size, which ConvTranspose shall give back
 */
export function transposedWindow(window: Window, spatial: readonly number[]) {
  const ends = overhang(window, spatial);
  return {
    strides: window.strides,
    dilations: window.dilations,
    pads: [...window.begin, ...ends.map((end) => Math.max(end, 0))],
    output_padding: ends.map((end) => Math.max(-end, 0)),
  };
}
