import { describe, expect, it } from 'vitest';
import { decomposeSymmetric, invertCholeskyFactor, orthonormalise } from '../../src/math/decompositions.js';
import { createRandom } from '../../src/math/random.js';

const n = 7;
const random = createRandom(5);
const root = Array.from({ length: n }, () => Array.from({ length: n }, () => random() - 0.5));
/** root root^T + 1: symmetric and positive definite. */
const entry = (i: number, j: number) =>
  root[i]!.reduce((sum, value, k) => sum + value * root[j]![k]!, i === j ? 1 : 0);
const indices = Array.from({ length: n }, (_, i) => i);

describe('decompositions', () => {
  it('finds eigenvalues in ascending order, with eigenvectors that the matrix scales by them', () => {
    const matrix = Float32Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
    const { values, vectors } = decomposeSymmetric(matrix, n);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    for (const column of indices) {
      for (const row of indices) {
        const image = indices.reduce((sum, k) => sum + matrix[row * n + k]! * vectors[k * n + column]!, 0);
        expect(image).toBeCloseTo(values[column]! * vectors[row * n + column]!, 5);
      }
    }
  });

  it('orthonormalises columns', () => {
    const columns = orthonormalise(Float32Array.from({ length: n * 3 }, random), n, 3);
    for (const a of [0, 1, 2]) {
      for (const b of [0, 1, 2]) {
        const dot = indices.reduce((sum, row) => sum + columns[row * 3 + a]! * columns[row * 3 + b]!, 0);
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
      }
    }
  });

  it('inverts the Cholesky factor: M matrix M^T is the identity', () => {
    const inverse = invertCholeskyFactor(n, entry);
    for (const a of indices) {
      for (const b of indices) {
        let sum = 0;
        for (const i of indices) {
          for (const j of indices) {
            sum += inverse[a * n + i]! * entry(i, j) * inverse[b * n + j]!;
          }
        }
        expect(sum).toBeCloseTo(a === b ? 1 : 0, 10);
      }
    }
    expect(inverse[1]).toBe(0);
  });
});
