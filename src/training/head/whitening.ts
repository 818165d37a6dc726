/** Fits a linear projection in closed form, in which directions count less if photos of one label differ in them. */
import { decomposeSymmetric } from '../../math/decompositions.js';
import type { Matrix } from '../../math/matrix.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { computeLeadingEigenvectors } from './leading-eigenvectors.js';
import { computeCovariance, type Projection, runOnce } from './projection.js';

/** Settings of {@link fitWhitening}. */
export interface WhiteningOptions {
  /** D, of the projection. */
  readonly dimension: number;
  /**
   * Share of the mean variance in the within-label covariance, 0..1. With few photos, the covariance itself is noisy.
   */
  readonly shrinkage: number;
  /** Power of the within-label covariance to divide features by: 0.5 whitens fully, 0 not at all. */
  readonly power: number;
}

/**
 * Within-class covariance normalisation (Hatch, Kajarekar, Stolcke 2006, "Within-class covariance normalization for
 * SVM-based speaker recognition") with an adjustable power, then the directions of largest variance.
 *
 * @param features float32 [n, F]
 * @param labels of each row
 */
export async function fitWhitening(
  features: Matrix,
  labels: readonly number[],
  { dimension, shrinkage, power }: WhiteningOptions,
  session?: SessionOptions,
): Promise<Projection> {
  const width = features.dimension;
  const { total, mean } = await computeCovariance(features, session);
  const within = (await computeCovariance(computeResiduals(features, labels), session)).total;
  shrink(within, width, shrinkage);
  const { values, vectors } = decomposeSymmetric(within, width);
  // whiten = vectors diag(values^-power) vectors^T; the covariance of whitened features is whiten total whiten.
  const powers = values.map((value) => Math.max(value, 1e-12) ** -power);
  const whitened = await runOnce(session, (g) => {
    const v = g.constant(createFloatTensor(vectors, [width, width]));
    const whiten = g.matMul(g.mul(v, g.constant(createFloatTensor(powers, [1, width]))), g.transposeLast(v));
    const spread = g.matMul(g.matMul(whiten, g.constant(createFloatTensor(total, [width, width]))), whiten);
    return { whiten, spread };
  });
  const axes = await computeLeadingEigenvectors(
    whitened.spread?.data as Float32Array,
    width,
    dimension,
    session,
  );
  const { matrix, offset } = await runOnce(session, (g) => {
    const whiten = g.constant(whitened.whiten as Tensor);
    const product = g.matMul(whiten, g.constant(createFloatTensor(axes, [width, dimension])));
    const shift = g.neg(g.matMul(g.constant(createFloatTensor(mean, [1, width])), product));
    return { matrix: product, offset: g.reshape(shift, [dimension]) };
  });
  return { matrix: matrix as Tensor, offset: offset as Tensor };
}

/** Moves a covariance towards the one of the same trace that is equal in all directions, in place. */
function shrink(covariance: Float32Array, width: number, shrinkage: number): void {
  let trace = 0;
  for (let i = 0; i < width; i += 1) {
    trace += covariance[i * width + i]!;
  }
  for (let i = 0; i < covariance.length; i += 1) {
    covariance[i]! *= 1 - shrinkage;
  }
  for (let i = 0; i < width; i += 1) {
    covariance[i * width + i]! += (shrinkage * trace) / width;
  }
}

/** Subtracts from each row the mean of its label. */
function computeResiduals({ data, rows, dimension }: Matrix, labels: readonly number[]): Matrix {
  const sums = new Map<number, Float64Array>();
  const counts = new Map<number, number>();
  labels.forEach((label, row) => {
    const sum = sums.get(label) ?? new Float64Array(dimension);
    for (let i = 0; i < dimension; i += 1) {
      sum[i]! += data[row * dimension + i]!;
    }
    sums.set(label, sum);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  });
  const left = new Float32Array(data.length);
  labels.forEach((label, row) => {
    const sum = sums.get(label)!;
    const count = counts.get(label)!;
    for (let i = 0, at = row * dimension; i < dimension; i += 1, at += 1) {
      left[at] = data[at]! - sum[i]! / count;
    }
  });
  return { data: left, rows, dimension };
}
