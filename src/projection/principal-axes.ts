/** Computes principal axes: the directions in which vectors differ most. */
import { decomposeSymmetric } from '../math/decompositions.js';
import type { Matrix } from '../math/matrix.js';
import { getRow } from '../math/matrix.js';

/** Number of rows to compute the axes from. More would hardly change them. */
const MAX_ROWS = 2000;

/** Computes the mean of every n-th row, and the covariance around it, row-major [dimension, dimension], upper triangle. */
function measureSpread(matrix: Matrix): { mean: Float32Array; covariance: Float32Array } {
  const { rows, dimension } = matrix;
  const stride = Math.max(1, Math.floor(rows / MAX_ROWS));
  const sample = Array.from({ length: Math.ceil(rows / stride) }, (_, i) => getRow(matrix, i * stride));
  const mean = new Float32Array(dimension);
  for (const row of sample) {
    for (let d = 0; d < dimension; d++) {
      mean[d]! += row[d]! / sample.length;
    }
  }
  const covariance = new Float32Array(dimension * dimension);
  const centred = new Float32Array(dimension);
  for (const row of sample) {
    for (let d = 0; d < dimension; d++) {
      centred[d] = row[d]! - mean[d]!;
    }
    for (let i = 0; i < dimension; i++) {
      for (let j = i; j < dimension; j++) {
        covariance[i * dimension + j]! += centred[i]! * centred[j]!;
      }
    }
  }
  return { mean, covariance };
}

/**
 * Projects vectors to their principal axes, largest variance first.
 *
 * @param axes number of axes, at most the dimension
 * @returns [rows, axes]
 */
export function projectOnAxes(matrix: Matrix, axes: number): Matrix {
  const { rows, dimension } = matrix;
  const { mean, covariance } = measureSpread(matrix);
  const { vectors } = decomposeSymmetric(covariance, dimension);
  const data = new Float32Array(rows * axes);
  for (let r = 0; r < rows; r++) {
    const row = getRow(matrix, r);
    for (let a = 0; a < axes; a++) {
      // Eigenvalues ascend, so the last columns vary most.
      const column = dimension - 1 - a;
      let sum = 0;
      for (let d = 0; d < dimension; d++) {
        sum += (row[d]! - mean[d]!) * vectors[d * dimension + column]!;
      }
      data[r * axes + a] = sum;
    }
  }
  return { data, rows, dimension: axes };
}
