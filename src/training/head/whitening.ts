/** A linear projection in closed form: directions in which photos of one label differ count less. */
import { EigenvalueDecomposition } from 'ml-matrix';
import type { Matrix } from '../../evaluation/exact.js';
import { floatTensor, type Tensor } from '../../onnx/tensor.js';
import { GraphBuilder } from '../autodiff/builder.js';
import type { Value } from '../autodiff/graph.js';
import { Session, type SessionOptions } from '../autodiff/session.js';

/** Settings of {@link whitenedProjection}. */
export interface WhiteningOptions {
  /** D, of the projection. */
  readonly dimension: number;
  /** Share of the mean variance in the within-label covariance, 0..1: what few photos say of it is noise. */
  readonly shrinkage: number;
  /** Of the within-label covariance that features are divided by: 0.5 whitens it fully, 0 not at all. */
  readonly power: number;
}

/** A projection of features: features @ matrix + offset. */
export interface Projection {
  /** float32 [F, D] */
  readonly matrix: Tensor;
  /** float32 [D] */
  readonly offset: Tensor;
}

/**
 * Within-class covariance normalisation (Hatch, Kajarekar, Stolcke 2006, "Within-class covariance normalization for
 * SVM-based speaker recognition") with a power of its own, then the directions of largest variance.
 *
 * @param features float32 [n, F]
 * @param labels of each row
 */
export async function whitenedProjection(
  features: Matrix,
  labels: readonly number[],
  { dimension, shrinkage, power }: WhiteningOptions,
  session?: SessionOptions,
): Promise<Projection> {
  const width = features.dimension;
  const { total, mean } = await covariance(features, session);
  const within = (await covariance(residuals(features, labels), session)).total;
  let trace = 0;
  for (let i = 0; i < width; i += 1) trace += within[i * width + i]!;
  for (let i = 0; i < within.length; i += 1) within[i]! *= 1 - shrinkage;
  for (let i = 0; i < width; i += 1) within[i * width + i]! += (shrinkage * trace) / width;
  const { values, vectors } = eigen(within, width);
  // whiten = vectors diag(values^-power) vectors^T; the covariance of whitened features is whiten total whiten.
  const powers = values.map((value) => Math.max(value, 1e-12) ** -power);
  const whitened = await compute(session, (g) => {
    const v = g.constant(floatTensor(vectors, [width, width]));
    const whiten = g.matMul(g.mul(v, g.constant(floatTensor(powers, [1, width]))), g.transposeLast(v));
    const spread = g.matMul(g.matMul(whiten, g.constant(floatTensor(total, [width, width]))), whiten);
    return { whiten, spread };
  });
  const principal = eigen(whitened.spread?.data as Float32Array, width).vectors;
  const axes = new Float32Array(width * dimension);
  for (let row = 0; row < width; row += 1)
    for (let axis = 0; axis < dimension; axis += 1)
      axes[row * dimension + axis] = principal[row * width + width - 1 - axis]!;
  const { matrix, offset } = await compute(session, (g) => {
    const whiten = g.constant(whitened.whiten as Tensor);
    const product = g.matMul(whiten, g.constant(floatTensor(axes, [width, dimension])));
    const shift = g.neg(g.matMul(g.constant(floatTensor(mean, [1, width])), product));
    return { matrix: product, offset: g.reshape(shift, [dimension]) };
  });
  return { matrix: matrix as Tensor, offset: offset as Tensor };
}

/** Rows less the mean of their label. */
function residuals({ data, rows, dimension }: Matrix, labels: readonly number[]): Matrix {
  const sums = new Map<number, Float64Array>();
  const counts = new Map<number, number>();
  labels.forEach((label, row) => {
    const sum = sums.get(label) ?? new Float64Array(dimension);
    for (let i = 0; i < dimension; i += 1) sum[i]! += data[row * dimension + i]!;
    sums.set(label, sum);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  });
  const left = new Float32Array(data.length);
  labels.forEach((label, row) => {
    const sum = sums.get(label)!;
    const count = counts.get(label)!;
    for (let i = 0, at = row * dimension; i < dimension; i += 1, at += 1)
      left[at] = data[at]! - sum[i]! / count;
  });
  return { data: left, rows, dimension };
}

/** Covariance [F, F] and mean [F] of the rows. */
async function covariance({ data, rows, dimension }: Matrix, session?: SessionOptions) {
  const results = await compute(
    session,
    (g) => {
      const x = g.input('x', 'float32', [rows, dimension]);
      const mean = g.reduceMean(x, [0]);
      const centred = g.sub(x, mean);
      return { total: g.div(g.matMul(g.transposeLast(centred), centred), rows), mean };
    },
    { x: { dtype: 'float32', shape: [rows, dimension], data } },
  );
  return { total: results.total?.data as Float32Array, mean: results.mean?.data as Float32Array };
}

/** Runs a graph once and gives its named results. */
async function compute(
  options: SessionOptions | undefined,
  build: (g: GraphBuilder) => Record<string, Value>,
  feeds: Record<string, Tensor> = {},
): Promise<Record<string, Tensor>> {
  const g = new GraphBuilder();
  for (const [name, value] of Object.entries(build(g))) g.output(name, value);
  const session = await Session.open(g.toBytes(), options);
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** Eigenvalues, ascending, and eigenvectors as the columns of a row-major [n, n], of a symmetric matrix. */
function eigen(symmetric: Float32Array, n: number): { values: number[]; vectors: Float32Array } {
  const rows = Array.from({ length: n }, (_, i) => Array.from(symmetric.subarray(i * n, (i + 1) * n)));
  // What rounding makes of a symmetric matrix is not quite one.
  for (let i = 0; i < n; i += 1) for (let j = 0; j < i; j += 1) rows[i]![j] = rows[j]![i]!;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(rows, { assumeSymmetric: true });
  return { values: realEigenvalues, vectors: Float32Array.from(eigenvectorMatrix.to1DArray()) };
}
