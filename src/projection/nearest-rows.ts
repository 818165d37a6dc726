/** Finds the nearest rows of each row, by comparing all pairs. */
import type { Matrix } from '../math/matrix.js';
import { TopK } from '../math/top-k.js';

/** Rows and their Euclidean distances, nearest first. Each row finds itself first. */
export interface NearestRows {
  indices: number[][];
  distances: number[][];
}

function computeSquaredDistance({ data, dimension }: Matrix, i: number, j: number): number {
  let sum = 0;
  for (let d = 0, a = i * dimension, b = j * dimension; d < dimension; d++) {
    const difference = data[a + d]! - data[b + d]!;
    sum += difference * difference;
  }
  return sum;
}

/** @param count number of rows to find for each, including itself; at most `rows` */
export function findNearestRows(matrix: Matrix, count: number): NearestRows {
  const nearest = Array.from({ length: matrix.rows }, () => new TopK(count));
  const addIfNear = (top: TopK, row: number, score: number) => {
    if (score >= top.threshold) {
      top.push(row, score);
    }
  };
  for (const [i, top] of nearest.entries()) {
    // Ranks before equal rows.
    top.push(i, 1);
    for (let j = i + 1; j < matrix.rows; j++) {
      const score = -computeSquaredDistance(matrix, i, j);
      addIfNear(top, j, score);
      addIfNear(nearest[j]!, i, score);
    }
  }
  const ranked = nearest.map((top) => top.rank());
  return {
    indices: ranked.map((row) => row.map(({ id }) => id)),
    distances: ranked.map((row) => row.map(({ score }) => Math.sqrt(Math.max(0, -score)))),
  };
}
