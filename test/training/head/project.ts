import type { Matrix } from '../../../src/math/matrix.js';
import type { Projection } from '../../../src/training/head/projection.js';

/** Projects features without scaling the result. */
export function project({ data, rows, dimension }: Matrix, { matrix, offset }: Projection): number[][] {
  const [, to = 0] = matrix.shape;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: to }, (_, axis) => {
      let sum = Number(offset.data[axis]);
      for (let i = 0; i < dimension; i++) {
        sum += data[row * dimension + i]! * Number(matrix.data[i * to + axis]);
      }
      return sum;
    }),
  );
}
