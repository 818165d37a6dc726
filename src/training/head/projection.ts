/** Projections of features, and the linear algebra to fit them. Large products run on ONNX Runtime. */
import type { Matrix } from '../../math/matrix.js';
import { normalise } from '../../math/vectors.js';
import type { Value } from '../../onnx/onnx-values.js';
import type { Tensor } from '../../onnx/tensor.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import { GraphSession, type SessionOptions } from '../autodiff/graph-session.js';

/** A projection of features: features @ matrix + offset. */
export interface Projection {
  /** float32 [F, D] */
  readonly matrix: Tensor;
  /** float32 [D] */
  readonly offset: Tensor;
}

/** Computes covariance [F, F] and mean [F] of the rows. */
export async function computeCovariance({ data, rows, dimension }: Matrix, session?: SessionOptions) {
  const results = await runOnce(
    session,
    (g) => {
      const x = g.input('x', 'float32', [rows, dimension]);
      const mean = g.reduceMean(x, [0]);
      const centred = g.sub(x, mean);
      return { covariance: g.div(g.matMul(g.transposeLast(centred), centred), rows), mean };
    },
    { x: { dtype: 'float32', shape: [rows, dimension], data } },
  );
  return { covariance: results.covariance?.data as Float32Array, mean: results.mean?.data as Float32Array };
}

/** Builds a graph, runs it once and returns its named results. */
export async function runOnce(
  options: SessionOptions | undefined,
  build: (g: GraphBuilder) => Record<string, Value>,
  feeds: Record<string, Tensor> = {},
): Promise<Record<string, Tensor>> {
  const g = new GraphBuilder();
  for (const [name, value] of Object.entries(build(g))) {
    g.output(name, value);
  }
  return GraphSession.use(g.toBytes(), options, (session) => session.run(feeds));
}

/** Projects features [n, F] to embeddings, float32 [n, D], unit vectors. */
export function projectFeatures(features: Matrix, { matrix, offset }: Projection): Matrix {
  const dimension = offset.data.length;
  const width = features.dimension;
  const data = new Float32Array(features.rows * dimension);
  const weights = matrix.data as Float32Array;
  for (let row = 0; row < features.rows; row++) {
    const out = data.subarray(row * dimension, (row + 1) * dimension);
    out.set(offset.data as Float32Array);
    for (let f = 0; f < width; f++) {
      const value = features.data[row * width + f]!;
      for (let i = 0; i < dimension; i++) {
        out[i] = out[i]! + value * weights[f * dimension + i]!;
      }
    }
    normalise(out);
  }
  return { data, rows: features.rows, dimension };
}
