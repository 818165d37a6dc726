/** Leading eigenvectors against a matrix that was made of known ones. */
import { Matrix, QrDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { createNormalRandom } from '../../../src/math/random.js';
import { computeLeadingEigenvectors } from '../../../src/training/head/leading-eigenvectors.js';

/** A symmetric matrix with eigenvalues 1, 0.98, 0.98^2, ..., and its eigenvectors as columns. */
function known(n: number): { matrix: Float32Array; vectors: Matrix } {
  const normal = createNormalRandom(1);
  const vectors = new QrDecomposition(
    Matrix.from1DArray(
      n,
      n,
      Array.from({ length: n * n }, () => normal()),
    ),
  ).orthogonalMatrix;
  const values = Matrix.diag(Array.from({ length: n }, (_, i) => 0.98 ** i));
  const matrix = vectors.mmul(values).mmul(vectors.transpose());
  return { matrix: Float32Array.from(matrix.to1DArray()), vectors };
}

const small = known(60);
const large = known(520);

describe('leading', () => {
  it.each([
    ['all at once', 60, 7, small],
    ['by iteration', 520, 40, large],
  ])('finds the vectors of the largest eigenvalues, %s', async (_, n, count, { matrix, vectors }) => {
    const found = Matrix.from1DArray(n, count, await computeLeadingEigenvectors(matrix, n, count));
    const cosines = found.transpose().mmul(vectors.subMatrix(0, n - 1, 0, count - 1));
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        expect(Math.abs(Math.abs(cosines.get(i, j)) - Number(i === j))).toBeLessThan(5e-3);
      }
    }
    const lengths = found.transpose().mmul(found);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        expect(lengths.get(i, j)).toBeCloseTo(Number(i === j), 5);
      }
    }
  });

  it('is deterministic', async () => {
    const find = () => computeLeadingEigenvectors(large.matrix, 520, 12);
    expect(await find()).toEqual(await find());
  });
});
