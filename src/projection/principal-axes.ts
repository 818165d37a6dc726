/** Computes principal axes: the directions in which vectors differ most. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { getRow, type Matrix as Vectors } from '../math/matrix.js';

/** Number of rows to compute the axes from. More would hardly change them. */
const MAX_ROWS = 2000;

/**
 * Projects vectors to their principal axes, largest variance first.
 *
 * @param axes number of axes, at most the dimension
 * @returns [rows, axes]
 */
export function projectOnAxes(vectors: Vectors, axes: number): Vectors {
  const { rows, dimension } = vectors;
  const all = Array.from({ length: rows }, (_, i) => getRow(vectors, i));
  const stride = Math.max(1, Math.floor(rows / MAX_ROWS));
  const sample = new Matrix(all.filter((_, i) => i % stride === 0));
  const mean = sample.mean('column');
  const centred = sample.subRowVector(mean);
  const spread = centred.transpose().mmul(centred);
  const { eigenvectorMatrix } = new EigenvalueDecomposition(spread, { assumeSymmetric: true });
  // Eigenvalues ascend, so the last columns vary most.
  const columns = Array.from({ length: axes }, (_, axis) => dimension - 1 - axis);
  const directions = eigenvectorMatrix.subMatrixColumn(columns);
  const projected = new Matrix(all).subRowVector(mean).mmul(directions);
  return { data: Float32Array.from(projected.to1DArray()), rows, dimension: axes };
}
