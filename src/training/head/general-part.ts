/** A head of two parts: what tells the trained labels apart, and what tells photos apart whatever their labels. */
import { PawdexError } from '../../errors.js';
import { type Matrix, takeColumns } from '../../math/matrix.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { computeLeadingEigenvectors } from './leading-eigenvectors.js';
import { computeCovariance, type Projection, runOnce } from './projection.js';

/** Settings of {@link addGeneralPart}. */
export interface GeneralOptions {
  /** Numbers added to the embedding: principal components, and the constant where there is one. */
  readonly dimension: number;
  /** Share of the components in the squared length of learned part and components together, on average: 0..1. */
  readonly share: number;
  /** A last number that is the same for every photo, where that length is 1 on average; 0: none. */
  readonly constant: number;
  /** Components are of the features from this one on; 0, of all, unless given. */
  readonly from?: number;
}

/** Principal components in a general part: the constant is none. */
export function countComponents({
  dimension,
  constant,
}: Pick<GeneralOptions, 'dimension' | 'constant'>): number {
  return dimension - (constant > 0 ? 1 : 0);
}

/**
 * Puts the principal components of the features beside a learned projection. Labels that were never trained on, and
 * photos that carry none of them, differ in directions that a learned projection has no reason to keep.
 *
 * Both parts are scaled by their mean squared length over `features`, so that `share` means the same for any projection.
 *
 * Photos of what the features were not fitted on project to short vectors, which says as much of them as the direction
 * does; making embeddings unit vectors would throw it away. Beside a constant, a short vector ends up near the constant
 * alone, and so at a distance from those that are long.
 *
 * @param learned features @ matrix + offset, [F, L]
 * @param features float32 [n, F], unit rows
 * @throws PawdexError `config_invalid` for more components than features or photos have
 * @returns [F, L + dimension]: the learned part, the components from the largest on, the constant
 */
export async function addGeneralPart(
  learned: Projection,
  features: Matrix,
  { dimension, share, constant, from = 0 }: GeneralOptions,
  session?: SessionOptions,
): Promise<Projection> {
  const count = countComponents({ dimension, constant });
  const taken = takeColumns(features, from);
  const narrow = await computePrincipalComponents(taken, count, session);
  const wide = new Float32Array(features.dimension * count);
  wide.set(narrow.matrix.data as Float32Array, from * count);
  const general = { ...narrow, matrix: createFloatTensor(wide, [features.dimension, count]) };
  return joinWeighted(learned, general, features, { share, constant }, session);
}

/**
 * The largest principal components of features.
 *
 * @param features float32 [n, F]
 * @returns [F, count], centred, of orthonormal columns from the largest on
 * @throws PawdexError `config_invalid` for more components than features or photos have
 */
export async function computePrincipalComponents(
  features: Matrix,
  count: number,
  session?: SessionOptions,
): Promise<Projection> {
  const most = Math.min(features.dimension, features.rows - 1);
  if (count > most) {
    throw new PawdexError('config_invalid', {
      detail: `${features.rows} photos with ${features.dimension} features have ${most} principal components, not ${count}.`,
      hint: 'Lower head.general.dimension, or take them from more photos; those of a gallery are evaluation.galleryPerLabel of each label.',
    });
  }
  const { total, mean } = await computeCovariance(features, session);
  const axes = await computeLeadingEigenvectors(total, features.dimension, count, session);
  return {
    matrix: createFloatTensor(axes, [features.dimension, count]),
    offset: createFloatTensor(computeCentring(mean, axes, count)),
  };
}

/**
 * Two projections of the same features as one, with the share of the second in the squared length, and a constant
 * beside them.
 *
 * @param features float32 [n, F], unit rows: what mean squared lengths are over
 * @returns [F, columns of both, and one more for a constant above 0]
 */
export async function joinWeighted(
  learned: Projection,
  general: Projection,
  features: Matrix,
  { share, constant }: Pick<GeneralOptions, 'share' | 'constant'>,
  session?: SessionOptions,
): Promise<Projection> {
  const both = joinProjections(
    await scaleProjection(1 - share, learned, features, session),
    await scaleProjection(share, general, features, session),
  );
  if (constant === 0) {
    return both;
  }
  const last = {
    matrix: createFloatTensor(new Float32Array(features.dimension), [features.dimension, 1]),
    offset: createFloatTensor([constant]),
  };
  return joinProjections(both, last);
}

/** Both projections of the same features, one beside the other. */
export function joinProjections(a: Projection, b: Projection): Projection {
  const [left, right] = [a.offset.data.length, b.offset.data.length];
  const width = left + right;
  const rows = a.matrix.shape[0] as number;
  const matrix = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    matrix.set((a.matrix.data as Float32Array).subarray(row * left, (row + 1) * left), row * width);
    matrix.set((b.matrix.data as Float32Array).subarray(row * right, (row + 1) * right), row * width + left);
  }
  const offset = Float32Array.of(...(a.offset.data as Float32Array), ...(b.offset.data as Float32Array));
  return { matrix: createFloatTensor(matrix, [rows, width]), offset: createFloatTensor(offset) };
}

/** Two projections of one: its first columns, and the others. */
export function splitProjection({ matrix, offset }: Projection, first: number): [Projection, Projection] {
  const [rows = 0, width = 0] = matrix.shape;
  const part = (from: number, to: number): Projection => {
    const { data } = takeColumns({ data: matrix.data as Float32Array, rows, dimension: width }, from, to);
    return {
      matrix: createFloatTensor(data, [rows, to - from]),
      offset: createFloatTensor((offset.data as Float32Array).slice(from, to)),
    };
  };
  return [part(0, first), part(first, width)];
}

/** A projection with another mean squared length over `features`. */
export async function scaleProjection(
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

/** What has to be added to features @ axes for their mean to be 0. @param axes row-major [F, count] */
function computeCentring(mean: Float32Array, axes: Float32Array, count: number): Float32Array {
  const offset = new Float64Array(count);
  mean.forEach((value, f) => {
    for (let i = 0; i < count; i += 1) {
      offset[i]! -= value * axes[f * count + i]!;
    }
  });
  return Float32Array.from(offset);
}

/** Mean squared length of projected features. */
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
