/** Matrices as one array. */

/** Vectors of one set, row after row. */
export interface Matrix {
  /** float32 [rows * dimension]. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly dimension: number;
}

/** Returns the first rows of a matrix, in the same memory. */
export function takeFirstRows({ data, dimension }: Matrix, rows: number): Matrix {
  return { data: data.subarray(0, rows * dimension), rows, dimension };
}

/** Returns a row of a matrix, in the same memory. */
export function getRow({ data, dimension }: Pick<Matrix, 'data' | 'dimension'>, row: number): Float32Array {
  return data.subarray(row * dimension, (row + 1) * dimension);
}

/** Copies vectors of one length into a matrix. */
export function stackRows(vectors: readonly Float32Array[], dimension: number): Matrix {
  const data = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, row) => {
    data.set(vector, row * dimension);
  });
  return { data, rows: vectors.length, dimension };
}

/** Returns the columns from `from` on; a copy unless these are all columns. */
export function takeColumns(matrix: Matrix, from: number): Matrix {
  if (from === 0) {
    return matrix;
  }
  const { data, rows, dimension } = matrix;
  const width = dimension - from;
  const part = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    part.set(data.subarray(row * dimension + from, (row + 1) * dimension), row * width);
  }
  return { data: part, rows, dimension: width };
}
