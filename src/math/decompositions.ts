/** Matrix decompositions, computed with ml-matrix. */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix, QrDecomposition } from 'ml-matrix';

/** Eigenvalues and eigenvectors of a symmetric matrix. */
export interface Eigen {
  /** Ascending. */
  values: number[];
  /** As the columns of a row-major [n, n]. */
  vectors: Float32Array;
}

/** Decomposes a symmetric matrix, row-major [n, n]. Only its upper triangle is read. */
export function decomposeSymmetric(symmetric: Float32Array, n: number): Eigen {
  const rows = Array.from({ length: n }, (_, i) => Array.from(symmetric.subarray(i * n, (i + 1) * n)));
  // A computed matrix is symmetric only up to rounding.
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      rows[i]![j] = rows[j]![i]!;
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(rows, { assumeSymmetric: true });
  return { values: realEigenvalues, vectors: Float32Array.from(eigenvectorMatrix.to1DArray()) };
}

/** Computes orthonormal columns that span the same space as those of a row-major [n, width]. */
export function orthonormalise(columns: Float32Array, n: number, width: number): Float32Array {
  const rows = Matrix.from1DArray(n, width, columns);
  return Float32Array.from(new QrDecomposition(rows).orthogonalMatrix.to1DArray());
}

/**
 * Computes the inverse M of the Cholesky factor of a positive definite matrix, so that M^T M is the inverse of the matrix.
 *
 * @param entry of the matrix, for column <= row
 * @returns lower triangular, row-major [n, n]
 */
export function invertCholeskyFactor(
  n: number,
  entry: (row: number, column: number) => number,
): Float64Array {
  const matrix = Matrix.zeros(n, n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const value = entry(row, column);
      matrix.set(row, column, value);
      matrix.set(column, row, value);
    }
  }
  const lower = new CholeskyDecomposition(matrix).lowerTriangularMatrix;
  // ml-matrix has no solver for triangular matrices, and its general one takes twenty times as long.
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = inverse.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < i; k++) {
      const factor = lower.get(i, k);
      const above = k * n;
      for (let j = 0; j <= k; j++) {
        row[j]! -= factor * inverse[above + j]!;
      }
    }
    const pivot = lower.get(i, i);
    for (let j = 0; j < i; j++) {
      row[j]! /= pivot;
    }
    row[i] = 1 / pivot;
  }
  return inverse;
}
