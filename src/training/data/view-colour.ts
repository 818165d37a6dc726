/** Changes brightness, contrast, saturation and hue by one matrix and one offset, in a single pass over the pixels. */
import type { Matrix3x3, Sharp } from 'sharp';
import type { ViewParameters } from './view-parameters.js';

/**
 * Shares of red, green and blue in the brightness of a pixel. This and the hue matrix are from W3C Filter Effects
 * Level 1.
 */
const LUMA = [0.213, 0.715, 0.072] as const;
const HUE_SINE = [
  [-0.213, -0.715, 0.928],
  [0.143, 0.14, -0.283],
  [-0.787, 0.715, 0.072],
] as const;

/** Contrast changes around the mean brightness of ImageNet's photos, so that it does not also brighten. */
const MIDDLE = 115;

type Matrix = readonly (readonly [number, number, number])[];

const multiply = (a: Matrix, b: Matrix): Matrix3x3 =>
  a.map((row) =>
    [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)),
  ) as Matrix3x3;

const createMatrix = (value: (row: number, column: number) => number): Matrix3x3 =>
  [0, 1, 2].map((row) => [0, 1, 2].map((column) => value(row, column))) as Matrix3x3;

/** Computes the colour change of a view: out = matrix x in + offset, on 0..255. */
function computeColourChange(view: ViewParameters): { matrix: Matrix3x3; offset: number } {
  const { brightness, contrast, saturation, hue } = view;
  const same = (row: number, column: number) => (row === column ? 1 : 0);
  const cos = Math.cos((hue * Math.PI) / 180);
  const sin = Math.sin((hue * Math.PI) / 180);
  const saturate = createMatrix(
    (row, column) => saturation * same(row, column) + (1 - saturation) * LUMA[column]!,
  );
  const turn = createMatrix(
    (row, column) =>
      LUMA[column]! + cos * (same(row, column) - LUMA[column]!) + sin * HUE_SINE[row]![column]!,
  );
  const gain = brightness * contrast;
  const matrix = multiply(turn, saturate);
  return {
    matrix: createMatrix((row, column) => gain * matrix[row]![column]!),
    offset: (1 - contrast) * MIDDLE,
  };
}

/** Applies the colours of a view. */
export function applyColour(image: Sharp, view: ViewParameters): Sharp {
  const { brightness, contrast, saturation, hue } = view;
  if (brightness === 1 && contrast === 1 && saturation === 1 && hue === 0) {
    return image;
  }
  const { matrix, offset } = computeColourChange(view);
  // libvips computes in floats and truncates, so adding a half rounds.
  return image.recomb(matrix).linear(1, offset + 0.5);
}
