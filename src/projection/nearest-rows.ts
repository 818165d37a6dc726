/** Finds the nearest rows of each row, by comparing all pairs. */
import type { Matrix } from '../math/matrix.js';

/** Rows and their Euclidean distances, nearest first. Each row finds itself first. */
export interface NearestRows {
  indices: number[][];
  distances: number[][];
}

/** Inserts a distance into the sorted `count` smallest ones of a row. */
function insert(
  row: number,
  other: number,
  distance: number,
  count: number,
  near: Float64Array,
  ids: Int32Array,
) {
  const start = row * count;
  let at = start + count - 1;
  if (distance >= near[at]!) {
    return;
  }
  while (at > start && near[at - 1]! > distance) {
    near[at] = near[at - 1]!;
    ids[at] = ids[at - 1]!;
    at--;
  }
  near[at] = distance;
  ids[at] = other;
}

/** @param count number of rows to find for each, including itself; at most `rows` */
export function findNearestRows({ data, rows, dimension }: Matrix, count: number): NearestRows {
  const near = new Float64Array(rows * count).fill(Number.POSITIVE_INFINITY);
  const ids = new Int32Array(rows * count);
  for (let i = 0; i < rows; i++) {
    // Sorts before equal rows.
    insert(i, i, -1, count, near, ids);
    for (let j = i + 1; j < rows; j++) {
      let sum = 0;
      for (let d = 0, a = i * dimension, b = j * dimension; d < dimension; d++) {
        const difference = data[a + d]! - data[b + d]!;
        sum += difference * difference;
      }
      insert(i, j, sum, count, near, ids);
      insert(j, i, sum, count, near, ids);
    }
  }
  const rowsOf = <T>(of: (at: number) => T) =>
    Array.from({ length: rows }, (_, i) => Array.from({ length: count }, (__, n) => of(i * count + n)));
  return {
    indices: rowsOf((at) => ids[at]!),
    distances: rowsOf((at) => Math.sqrt(Math.max(0, near[at]!))),
  };
}
