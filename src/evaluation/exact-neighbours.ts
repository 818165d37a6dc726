/** Finds exact nearest neighbours in memory, by comparing every query with every gallery row. */
import type { Matrix } from '../math/matrix.js';
import { TopK } from '../math/top-k.js';

/** The nearest rows of one query. */
export interface Nearest {
  /** Gallery rows, nearest first; equal ones by row. */
  rows: Int32Array;
  /** Cosine similarity of each, -1..1. */
  similarities: Float32Array;
}

/** Queries multiplied at once, so that each gallery row is read once for all of them. */
const BLOCK = 4;

/** out[b * gallery.rows + g] = query (first + b) . gallery row g, for four queries. */
function multiplyFour(gallery: Matrix, queries: Float32Array, first: number, out: Float32Array): void {
  const { data, rows, dimension: d } = gallery;
  const q0 = first * d;
  const q1 = q0 + d;
  const q2 = q1 + d;
  const q3 = q2 + d;
  for (let g = 0; g < rows; g++) {
    const offset = g * d;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < d; i++) {
      const x = data[offset + i]!;
      s0 += x * queries[q0 + i]!;
      s1 += x * queries[q1 + i]!;
      s2 += x * queries[q2 + i]!;
      s3 += x * queries[q3 + i]!;
    }
    out[g] = s0;
    out[rows + g] = s1;
    out[2 * rows + g] = s2;
    out[3 * rows + g] = s3;
  }
}

/** Finds the `k` rows with the highest scores, without those that are excluded. */
function findHighest(scores: Float32Array, k: number, isExcluded: (row: number) => boolean): Nearest {
  const top = new TopK(k);
  for (let row = 0; row < scores.length; row++) {
    if (scores[row]! > top.threshold && !isExcluded(row)) {
      top.push(row, scores[row]!);
    }
  }
  const ranked = top.rank();
  return {
    rows: Int32Array.from(ranked, ({ id }) => id),
    similarities: Float32Array.from(ranked, ({ score }) => score),
  };
}

/**
 * Finds the rows nearest to the current query.
 *
 * @param k number of neighbours, >= 1
 * @param excluded whether the query must not find a row, for instance itself
 */
export type FindNearest = (k: number, excluded?: (row: number) => boolean) => Nearest;

/**
 * Compares every query with every gallery row, and calls `visit` for one query at a time. Memory does not grow with the
 * number of queries.
 *
 * @param visit receives the row of the query, and a function that finds its neighbours and is valid until `visit` returns
 */
export function forEachQuery(
  gallery: Matrix,
  queries: Matrix,
  visit: (query: number, findNearest: FindNearest) => void,
): void {
  const scores = new Float32Array(BLOCK * gallery.rows);
  for (let first = 0; first < queries.rows; first += BLOCK) {
    const count = Math.min(BLOCK, queries.rows - first);
    if (count === BLOCK) {
      multiplyFour(gallery, queries.data, first, scores);
    } else {
      const rest = new Float32Array(BLOCK * gallery.dimension);
      rest.set(queries.data.subarray(first * gallery.dimension, queries.rows * gallery.dimension));
      multiplyFour(gallery, rest, 0, scores);
    }
    for (let b = 0; b < count; b++) {
      const queryScores = scores.subarray(b * gallery.rows, (b + 1) * gallery.rows);
      visit(first + b, (k, excluded = () => false) => findHighest(queryScores, k, excluded));
    }
  }
}
