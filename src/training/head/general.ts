/** A head of two parts: what tells the trained labels apart, and what tells photos apart whatever their labels. */
import { PawdexError } from '../../errors.js';
import type { Matrix } from '../../evaluation/exact.js';
import { floatTensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/session.js';
import { compute, covariance, eigen, largest, type Projection } from './algebra.js';

/** Settings of {@link withGeneral}. */
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
export async function withGeneral(
  learned: Projection,
  features: Matrix,
  { dimension, share, constant, from = 0 }: GeneralOptions,
  session?: SessionOptions,
): Promise<Projection> {
  const width = features.dimension;
  const components = dimension - (constant > 0 ? 1 : 0);
  const taken = columns(features, from);
  const most = Math.min(taken.dimension, features.rows - 1);
  if (components > most)
    throw new PawdexError('config_invalid', {
      detail: `${features.rows} photos with ${taken.dimension} features have ${most} principal components, not ${components}.`,
      hint: 'Lower head.general.dimension, or raise evaluation.galleryPerLabel: its photos are what they are taken from.',
    });
  const { total, mean } = await covariance(taken, session);
  const axes = largest(eigen(total, taken.dimension), taken.dimension, components);
  const own = learned.offset.data.length;
  const wide = new Float32Array(width * components);
  wide.set(axes, from * components);
  const general = {
    matrix: floatTensor(wide, [width, components]),
    offset: floatTensor(centring(mean, axes, components)),
  };
  const parts = [
    { part: learned, size: own, factor: Math.sqrt((1 - share) / (await power(features, learned, session))) },
    { part: general, size: components, factor: Math.sqrt(share / (await power(features, general, session))) },
  ];
  const matrix = new Float32Array(width * (own + dimension));
  const offset = new Float32Array(own + dimension);
  let begin = 0;
  for (const { part, size, factor } of parts) {
    for (let i = 0; i < size; i += 1) {
      offset[begin + i] = factor * (part.offset.data[i] as number);
      for (let f = 0; f < width; f += 1)
        matrix[f * (own + dimension) + begin + i] = factor * (part.matrix.data[f * size + i] as number);
    }
    begin += size;
  }
  if (constant > 0) offset[own + components] = constant;
  return { matrix: floatTensor(matrix, [width, own + dimension]), offset: floatTensor(offset) };
}

/** The columns from one on, as a copy unless that is all of them. */
export function columns({ data, rows, dimension }: Matrix, from: number): Matrix {
  if (from === 0) return { data, rows, dimension };
  const width = dimension - from;
  const taken = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1)
    taken.set(data.subarray(row * dimension + from, (row + 1) * dimension), row * width);
  return { data: taken, rows, dimension: width };
}

/** What has to be added to features @ axes for their mean to be 0. @param axes row-major [F, count] */
function centring(mean: Float32Array, axes: Float32Array, count: number): Float32Array {
  const offset = new Float64Array(count);
  mean.forEach((value, f) => {
    for (let i = 0; i < count; i += 1) offset[i]! -= value * axes[f * count + i]!;
  });
  return Float32Array.from(offset);
}

/** Mean squared length of projected features. */
async function power(
  { data, rows, dimension }: Matrix,
  { matrix, offset }: Projection,
  session?: SessionOptions,
): Promise<number> {
  const { square } = await compute(
    session,
    (g) => {
      const x = g.input('x', 'float32', [rows, dimension]);
      const y = g.add(g.matMul(x, g.constant(matrix)), g.constant(offset));
      return { square: g.meanAll(g.mul(y, y)) };
    },
    { x: { dtype: 'float32', shape: [rows, dimension], data } },
  );
  return offset.data.length * Number(square?.data[0]);
}
