/**
 * Cross-fitted linear discriminant analysis of embeddings: each photo is classified by a classifier that was fitted
 * without the photo and its group. The solution is in closed form, so it takes seconds and needs no settings.
 */
import { invertCholeskyFactor } from '../math/decompositions.js';
import { numberAlike } from '../math/group-by.js';
import type { Matrix } from '../math/matrix.js';

const FOLDS = 5;
/** Shrinkage of the covariance within labels towards the mean variance, since few photos estimate it badly. */
const SHRINKAGE = 0.2;

export interface LabelledVectors {
  vectors: Matrix;
  /** The label of each row, as a number from 0. */
  labels: readonly number[];
  /** Rows of one group are in one fold, so that they never influence each other's scores. */
  groups: readonly string[];
}

/** Sums over rows from which a classifier is computed; the sums of a fold are subtracted from the total. */
interface Moments {
  rows: number;
  counts: Float64Array;
  /** [labels, dimension] */
  sums: Float64Array;
  /** Sum of x x^T, upper triangle, [dimension, dimension]. */
  squares: Float64Array;
}

function sumMoments(
  { vectors, labels }: LabelledVectors,
  rows: readonly number[],
  labelCount: number,
): Moments {
  const { data, dimension: d } = vectors;
  const counts = new Float64Array(labelCount);
  const sums = new Float64Array(labelCount * d);
  const squares = new Float64Array(d * d);
  for (const row of rows) {
    const x = data.subarray(row * d, (row + 1) * d);
    const label = labels[row]!;
    counts[label]!++;
    for (let i = 0; i < d; i++) {
      const value = x[i]!;
      sums[label * d + i]! += value;
      for (let j = i; j < d; j++) {
        squares[i * d + j]! += value * x[j]!;
      }
    }
  }
  return { rows: rows.length, counts, sums, squares };
}

function combine(parts: readonly Moments[]): Moments {
  const [first, ...others] = parts;
  const total = {
    rows: first!.rows,
    counts: first!.counts.slice(),
    sums: first!.sums.slice(),
    squares: first!.squares.slice(),
  };
  for (const part of others) {
    total.rows += part.rows;
    for (const name of ['counts', 'sums', 'squares'] as const) {
      part[name].forEach((value, i) => {
        total[name][i]! += value;
      });
    }
  }
  return total;
}

/** A classifier. The score of x for a label is x . weights[label] + offset[label]. */
interface Classifier {
  /** [labels, dimension] */
  weights: Float64Array;
  /** -Infinity for a label without photos. */
  offsets: Float64Array;
}

/** out = M^T M vector, for a lower triangular M, row-major. */
function solveInto(out: Float64Array, inverse: Float64Array, vector: Float64Array): void {
  const d = vector.length;
  for (let i = 0; i < d; i++) {
    let sum = 0;
    for (let j = 0; j <= i; j++) {
      sum += inverse[i * d + j]! * vector[j]!;
    }
    for (let j = 0; j <= i; j++) {
      out[j]! += inverse[i * d + j]! * sum;
    }
  }
}

function fitClassifier({ rows, counts, sums, squares }: Moments, d: number): Classifier {
  const labelCount = counts.length;
  const means = sums.map((sum, i) => sum / Math.max(1, counts[Math.floor(i / d)]!));
  const within = new Float64Array(d * d);
  let trace = 0;
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++) {
      let value = squares[i * d + j]!;
      for (let label = 0; label < labelCount; label++) {
        value -= sums[label * d + i]! * means[label * d + j]!;
      }
      within[i * d + j] = value / rows;
    }
    trace += within[i * d + i]!;
  }
  const ridge = (SHRINKAGE * trace) / d;
  const inverse = invertCholeskyFactor(
    d,
    (row, column) => (1 - SHRINKAGE) * within[column * d + row]! + (row === column ? ridge : 0),
  );
  const weights = new Float64Array(labelCount * d);
  for (let label = 0; label < labelCount; label++) {
    solveInto(
      weights.subarray(label * d, (label + 1) * d),
      inverse,
      means.subarray(label * d, (label + 1) * d),
    );
  }
  const offsets = counts.map((count, label) => {
    let square = 0;
    for (let i = 0; i < d; i++) {
      square += weights[label * d + i]! * means[label * d + i]!;
    }
    return count === 0 ? Number.NEGATIVE_INFINITY : -square / 2;
  });
  return { weights, offsets };
}

/**
 * Computes the log-probability of each label for each row, up to a constant per row, with a classifier that was fitted
 * without the row and its group. All labels are assumed to be equally frequent.
 *
 * @returns [rows, labels], row-major
 */
export function computeCrossFittedScores(labelled: LabelledVectors): Float64Array {
  const { vectors, labels, groups } = labelled;
  const { data, dimension: d } = vectors;
  const labelCount = labels.reduce((count, label) => Math.max(count, label + 1), 0);
  const folds: number[][] = Array.from({ length: FOLDS }, () => []);
  numberAlike(groups).forEach((group, row) => {
    folds[group % FOLDS]!.push(row);
  });
  const moments = folds.map((rows) => sumMoments(labelled, rows, labelCount));
  const scores = new Float64Array(labels.length * labelCount);
  folds.forEach((rows, fold) => {
    if (rows.length === 0 || rows.length === labels.length) {
      return;
    }
    const { weights, offsets } = fitClassifier(combine(moments.filter((_, other) => other !== fold)), d);
    for (const row of rows) {
      for (let label = 0; label < labelCount; label++) {
        let score = offsets[label]!;
        for (let i = 0; i < d; i++) {
          score += data[row * d + i]! * weights[label * d + i]!;
        }
        scores[row * labelCount + label] = score;
      }
    }
  });
  return scores;
}
