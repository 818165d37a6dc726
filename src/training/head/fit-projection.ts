/** Fits a projection head on frozen features. Training starts from it, and it makes an encoder without any training. */
import { PawdexError } from '../../errors.js';
import { decomposeSymmetric } from '../../math/decompositions.js';
import { groupBy } from '../../math/group-by.js';
import type { Matrix } from '../../math/matrix.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { computeLeadingEigenvectors } from './leading-eigenvectors.js';
import { fitNeighbourhood } from './neighbourhood.js';
import { computeCovariance, type Projection, runOnce } from './projection.js';

/** Steps of the second stage. */
export const FIT_STEPS = 100;

// Chosen on a validation split, for EfficientNet-Lite2 features of 81 breeds and for breeds that the fit never saw.
const WHITENING = { shrinkage: 0.1, power: 0.4 };
const NEIGHBOURHOOD = { steps: FIT_STEPS, rate: 5e-3, temperature: 0.05, batch: 1536 };

export interface ProjectionOptions {
  /** D, of the embedding. */
  readonly dimension: number;
  /** Seed of the choice of photos. Default: 0. */
  readonly seed?: number;
  readonly session?: SessionOptions;
  /** Called after each step of the second stage. */
  readonly onStep?: (done: number) => void;
}

/**
 * Fits a linear projection of unit features to embeddings whose cosine follows the label: whitening in closed form,
 * then a few steps of neighbourhood components analysis.
 *
 * @param features float32 [n, F], unit rows
 * @param labels a number for each row; equal numbers are one label
 * @returns matrix float32 [F, D] and offset float32 [D]: the embedding is the unit vector along features @ matrix +
 *   offset
 * @throws PawdexError config_invalid for more dimensions than features; set_invalid when no label has two rows, or all
 *   rows have the same label
 */
export async function fitProjection(
  features: Matrix,
  labels: readonly number[],
  { dimension, seed = 0, session, onStep }: ProjectionOptions,
): Promise<Projection> {
  if (dimension > features.dimension) {
    throw new PawdexError('config_invalid', {
      detail: `The head cannot compute ${dimension} numbers from ${features.dimension} features.`,
      hint: 'Lower the dimension of the embedding.',
    });
  }
  const distinct = new Set(labels).size;
  if (distinct < 2 || distinct === labels.length) {
    throw new PawdexError('set_invalid', {
      detail: `A head cannot be fitted to ${labels.length} photos of ${distinct} labels.`,
      hint: 'It needs at least two labels, and labels with at least two photos.',
    });
  }
  const start = await fitWhitening(features, labels, { dimension, ...WHITENING }, session);
  return fitNeighbourhood(features, labels, start, { ...NEIGHBOURHOOD, seed }, session, onStep);
}

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
  const { covariance: total, mean } = await computeCovariance(features, session);
  const { covariance: within } = await computeCovariance(computeResiduals(features, labels), session);
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
  for (let i = 0; i < width; i++) {
    trace += covariance[i * width + i]!;
  }
  for (let i = 0; i < covariance.length; i++) {
    covariance[i]! *= 1 - shrinkage;
  }
  for (let i = 0; i < width; i++) {
    covariance[i * width + i]! += (shrinkage * trace) / width;
  }
}

/** Subtracts from each row the mean of its label. */
function computeResiduals({ data, rows, dimension }: Matrix, labels: readonly number[]): Matrix {
  const residuals = new Float32Array(data.length);
  for (const labelRows of groupBy(labels.keys(), (row) => labels[row]!).values()) {
    const sum = new Float64Array(dimension);
    for (const row of labelRows) {
      for (let i = 0; i < dimension; i++) {
        sum[i]! += data[row * dimension + i]!;
      }
    }
    for (const row of labelRows) {
      for (let i = 0, at = row * dimension; i < dimension; i++, at++) {
        residuals[at] = data[at]! - sum[i]! / labelRows.length;
      }
    }
  }
  return { data: residuals, rows, dimension };
}
