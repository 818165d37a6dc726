/** Computes the eigenvectors of the largest eigenvalues, which is faster than computing all. */
import { decomposeSymmetric, orthonormalise } from '../../math/decompositions.js';
import { drawDirections } from '../../math/random.js';
import { createFloatTensor } from '../../onnx/tensor.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import { GraphSession, type SessionOptions } from '../autodiff/graph-session.js';
import { runOnce } from './projection.js';

/** Up to this size all eigenvectors are computed, which takes a second. */
const MAX_DENSE_SIZE = 512;
/** Additional vectors, as a share of those requested. The more there are, the faster the others converge. */
const OVERSAMPLING = 0.5;
const MAX_ITERATIONS = 60;
/**
 * The iteration has converged at this relative change of the sum of eigenvalues. The error of a vector is about its square
 * root.
 */
const CONVERGENCE_TOLERANCE = 1e-7;

/**
 * Computes the eigenvectors of the `count` largest eigenvalues of a positive semidefinite matrix: subspace iteration
 * from random vectors, then Rayleigh-Ritz (Halko, Martinsson and Tropp 2011, arXiv 0909.4061).
 *
 * @param symmetric row-major [n, n]
 * @returns as the columns of a row-major [n, count], largest first; each may have either sign
 */
export async function computeLeadingEigenvectors(
  symmetric: Float32Array,
  n: number,
  count: number,
  { threads }: SessionOptions = {},
): Promise<Float32Array> {
  const width = Math.min(n, Math.ceil(count * (1 + OVERSAMPLING)));
  if (n <= MAX_DENSE_SIZE || width === n) {
    return takeLastColumns(decomposeSymmetric(symmetric, n).vectors, n, n, count);
  }
  // On the CPU, because a GPU multiplies with fewer bits, so that the sum would not converge.
  const options = { threads };
  return GraphSession.use(buildIterationGraph(symmetric, n, width), options, async (session) => {
    let basis = orthonormalise(drawDirections(n, width, n), n, width);
    let before = 0;
    for (let iteration = 0; ; iteration++) {
      const { image, ritz } = await session.run({ basis: createFloatTensor(basis, [n, width]) });
      const { values, vectors } = decomposeSymmetric(ritz!.data as Float32Array, width);
      const sum = values.slice(-count).reduce((total, value) => total + value, 0);
      if (iteration === MAX_ITERATIONS || Math.abs(sum - before) <= CONVERGENCE_TOLERANCE * sum) {
        const turn = createFloatTensor(takeLastColumns(vectors, width, width, count), [width, count]);
        const { axes } = await runOnce(options, (g) => ({
          axes: g.matMul(g.constant(createFloatTensor(basis, [n, width])), g.constant(turn)),
        }));
        return axes!.data as Float32Array;
      }
      before = sum;
      basis = orthonormalise(image!.data as Float32Array, n, width);
    }
  });
}

/** `basis` [n, width] -> its image under the matrix, applied twice, and basis^T matrix basis. */
function buildIterationGraph(symmetric: Float32Array, n: number, width: number): Uint8Array {
  const g = new GraphBuilder();
  const matrix = g.constant(createFloatTensor(symmetric, [n, n]));
  const basis = g.input('basis', 'float32', [n, width]);
  const once = g.matMul(matrix, basis);
  g.output('image', g.matMul(matrix, once));
  g.output('ritz', g.matMul(g.transposeLast(basis), once));
  return g.toBytes();
}

/** Takes the last `count` columns of [n, width] in reverse order, since eigenvalues ascend. */
function takeLastColumns(columns: Float32Array, n: number, width: number, count: number): Float32Array {
  const leading = new Float32Array(n * count);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < count; i++) {
      leading[row * count + i] = columns[row * width + width - 1 - i]!;
    }
  }
  return leading;
}
