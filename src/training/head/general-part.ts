/**
 * Builds a head of two parts: one distinguishes the trained labels, the other distinguishes photos regardless of labels.
 */
import { PawdexError } from '../../errors.js';
import { type Matrix, takeColumns } from '../../math/matrix.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { computeLeadingEigenvectors } from './leading-eigenvectors.js';
import { computeCovariance, type Projection, runOnce } from './projection.js';

export interface GeneralOptions {
  /** Number of dimensions to add to the embedding: principal components, and the constant if there is one. */
  readonly dimension: number;
  /** Mean share of the components in the squared length of learned part and components together, 0..1. */
  readonly share: number;
  /** A last number that is the same for every photo, relative to a mean squared length of 1. 0 adds none. */
  readonly constant: number;
  /** Index of the first feature to compute components of. Default: 0. */
  readonly from?: number;
}

/** Counts the principal components in a general part, without the constant. */
export function countComponents(general: Pick<GeneralOptions, 'dimension' | 'constant'>): number {
  return general.dimension - (general.constant > 0 ? 1 : 0);
}

/**
 * Adds principal components of the features to a learned projection. Unseen labels and other subjects differ in directions
 * that a learned projection has no reason to keep.
 *
 * Both parts are scaled by their mean squared length over `features`, so that `share` has the same meaning for any
 * projection.
 *
 * Photos of unknown subjects project to short vectors, and scaling embeddings to length 1 would hide that. With a constant,
 * a short vector ends up near the axis of the constant, far from long vectors.
 *
 * @param learned features @ matrix + offset, [F, L]
 * @param features float32 [n, F], unit rows
 * @throws PawdexError config_invalid for more components than features or photos have
 * @returns [F, L + dimension]: the learned part, the components in descending order, the constant
 */
export async function addGeneralPart(
  learned: Projection,
  features: Matrix,
  { dimension, share, constant, from = 0 }: GeneralOptions,
  session?: SessionOptions,
): Promise<Projection> {
  const count = countComponents({ dimension, constant });
  const components = await computePrincipalComponents(takeColumns(features, from), count, session);
  // Features before `from` have no influence on the components.
  const axes = new Float32Array(features.dimension * count);
  axes.set(components.matrix.data as Float32Array, from * count);
  const general = { ...components, matrix: createFloatTensor(axes, [features.dimension, count]) };
  const both = joinProjections(
    await scaleProjection(1 - share, learned, features, session),
    await scaleProjection(share, general, features, session),
  );
  if (constant === 0) {
    return both;
  }
  const constantPart = {
    matrix: createFloatTensor(new Float32Array(features.dimension), [features.dimension, 1]),
    offset: createFloatTensor([constant]),
  };
  return joinProjections(both, constantPart);
}

/**
 * Computes the largest principal components of features.
 *
 * @param features float32 [n, F]
 * @returns [F, count], centred, with orthonormal columns in descending order
 * @throws PawdexError config_invalid for more components than features or photos have
 */
async function computePrincipalComponents(
  features: Matrix,
  count: number,
  session?: SessionOptions,
): Promise<Projection> {
  checkComponents(count, features);
  const { covariance, mean } = await computeCovariance(features, session);
  const axes = await computeLeadingEigenvectors(covariance, features.dimension, count, session);
  return {
    matrix: createFloatTensor(axes, [features.dimension, count]),
    offset: createFloatTensor(computeCentring(mean, axes, count)),
  };
}

/**
 * Checks that features have enough principal components.
 *
 * @throws PawdexError config_invalid for more components than features or photos have
 */
export function checkComponents(
  count: number,
  { rows, dimension }: Pick<Matrix, 'rows' | 'dimension'>,
): void {
  const maxCount = Math.min(dimension, rows - 1);
  if (count > maxCount) {
    throw new PawdexError('config_invalid', {
      detail: `${rows} photos with ${dimension} features have at most ${maxCount} principal components, not ${count}.`,
      hint: 'Lower head.general.dimension, or use more photos: evaluation.galleryPerLabel of each label.',
    });
  }
}

/** Joins the columns of two projections of the same features. */
function joinProjections(a: Projection, b: Projection): Projection {
  const [left, right] = [a.offset.data.length, b.offset.data.length];
  const width = left + right;
  const rows = a.matrix.shape[0] as number;
  const matrix = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    matrix.set((a.matrix.data as Float32Array).subarray(row * left, (row + 1) * left), row * width);
    matrix.set((b.matrix.data as Float32Array).subarray(row * right, (row + 1) * right), row * width + left);
  }
  const offset = Float32Array.of(...(a.offset.data as Float32Array), ...(b.offset.data as Float32Array));
  return { matrix: createFloatTensor(matrix, [rows, width]), offset: createFloatTensor(offset) };
}

/** Scales a projection to a mean squared length over `features`. */
async function scaleProjection(
  squared: number,
  projection: Projection,
  features: Matrix,
  session?: SessionOptions,
): Promise<Projection> {
  const factor = Math.sqrt(squared / (await measurePower(features, projection, session)));
  const times = ({ data, shape }: Tensor) =>
    createFloatTensor(
      (data as Float32Array).map((value) => factor * value),
      shape,
    );
  return { matrix: times(projection.matrix), offset: times(projection.offset) };
}

/** Computes the offset that makes the mean of features @ axes 0. @param axes row-major [F, count] */
function computeCentring(mean: Float32Array, axes: Float32Array, count: number): Float32Array {
  const offset = new Float64Array(count);
  mean.forEach((value, f) => {
    for (let i = 0; i < count; i++) {
      offset[i]! -= value * axes[f * count + i]!;
    }
  });
  return Float32Array.from(offset);
}

/** Measures the mean squared length of projected features. */
async function measurePower(
  { data, rows, dimension }: Matrix,
  { matrix, offset }: Projection,
  session?: SessionOptions,
): Promise<number> {
  const { square } = await runOnce(
    session,
    (g) => {
      const x = g.input('x', 'float32', [rows, dimension]);
      const y = g.add(g.matMul(x, g.constant(matrix)), g.constant(offset));
      return { square: g.meanAll(g.square(y)) };
    },
    { x: { dtype: 'float32', shape: [rows, dimension], data } },
  );
  return offset.data.length * Number(square?.data[0]);
}
