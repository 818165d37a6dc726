/**
 * Cross-fitted linear discriminant analysis of embeddings: each photo is classified by a classifier that was fitted
 * without the photo and its group. The solution is in closed form, so it takes seconds and needs no settings.
 */
import { Matrix, solve } from 'ml-matrix';
import { groupBy, numberAlike } from '../math/group-by.js';
import { getRow, type Matrix as Vectors } from '../math/matrix.js';

const FOLDS = 5;
/** Shrinkage of the covariance within labels towards the mean variance, since few photos estimate it badly. */
const SHRINKAGE = 0.2;
/** Smaller variances of unit vectors are rounding errors, and may be negative. */
const ROUNDING = 1e-12;

export interface LabelledVectors {
  vectors: Vectors;
  /** The label of each row, as a number from 0. */
  labels: readonly number[];
  /** Rows of one group are in one fold, so that they never influence each other's scores. */
  groups: readonly string[];
}

/** Sums over rows from which a classifier is computed; those of several folds can be added. */
interface Moments {
  /** Rows of each label, [labels, 1]. */
  counts: Matrix;
  /** [labels, dimension] */
  sums: Matrix;
  /** Sum of x^T x, [dimension, dimension]. */
  squares: Matrix;
}

/** @param x [rows, dimension] */
function sumMoments(x: Matrix, labels: readonly number[], labelCount: number): Moments {
  const counts = Matrix.zeros(labelCount, 1);
  const sums = Matrix.zeros(labelCount, x.columns);
  labels.forEach((label, row) => {
    counts.set(label, 0, counts.get(label, 0) + 1);
    for (let d = 0; d < x.columns; d++) {
      sums.set(label, d, sums.get(label, d) + x.get(row, d));
    }
  });
  return { counts, sums, squares: x.transpose().mmul(x) };
}

function addMoments(a: Moments, b: Moments): Moments {
  return {
    counts: Matrix.add(a.counts, b.counts),
    sums: Matrix.add(a.sums, b.sums),
    squares: Matrix.add(a.squares, b.squares),
  };
}

/** A classifier. The scores of x are x . weights + offsets. */
interface Classifier {
  /** [dimension, labels] */
  weights: Matrix;
  /** -Infinity for a label without photos. */
  offsets: number[];
}

function fitClassifier({ counts, sums, squares }: Moments): Classifier {
  const atLeastOne = counts.to1DArray().map((count) => Math.max(1, count));
  const means = sums.clone().divColumnVector(atLeastOne);
  const within = Matrix.sub(squares, sums.transpose().mmul(means)).div(counts.sum());
  const variance = within.trace() / within.rows;
  // Without any variance within labels, the nearest mean decides.
  const ridge = variance > ROUNDING ? SHRINKAGE * variance : 1;
  const covariance = within.mul(1 - SHRINKAGE).add(Matrix.eye(within.rows).mul(ridge));
  const weights = solve(covariance, means.transpose());
  const squaredLengths = Matrix.mul(means, weights.transpose()).sum('row');
  const offsets = squaredLengths.map((square, label) =>
    counts.get(label, 0) === 0 ? Number.NEGATIVE_INFINITY : -square / 2,
  );
  return { weights, offsets };
}

/**
 * Computes the log-probability of each label for each row, up to a constant per row, with a classifier that was fitted
 * without the row and its group. All labels are assumed to be equally frequent.
 *
 * @returns for each row a score per label; all 0 if there is a single group
 */
export function computeCrossFittedScores({ vectors, labels, groups }: LabelledVectors): number[][] {
  const labelCount = labels.reduce((count, label) => Math.max(count, label + 1), 0);
  const scores = labels.map(() => new Array<number>(labelCount).fill(0));
  const numbers = numberAlike(groups);
  const folds = [...groupBy(labels.keys(), (row) => numbers[row]! % FOLDS).values()].map((rows) => {
    const x = new Matrix(rows.map((row) => getRow(vectors, row)));
    const ownLabels = rows.map((row) => labels[row]!);
    return { rows, x, moments: sumMoments(x, ownLabels, labelCount) };
  });
  if (folds.length < 2) {
    return scores;
  }
  for (const fold of folds) {
    const others = folds.filter((other) => other !== fold).map(({ moments }) => moments);
    const { weights, offsets } = fitClassifier(others.reduce(addMoments));
    const foldScores = fold.x.mmul(weights).addRowVector(offsets);
    fold.rows.forEach((row, i) => {
      scores[row] = foldScores.getRow(i);
    });
  }
  return scores;
}
