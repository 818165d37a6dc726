/** Neighbourhood components analysis on the sphere: fits a projection under which the nearest photos share a label. */
import { getRow, type Matrix, stackRows } from '../../math/matrix.js';
import { createRandom, drawDistinct } from '../../math/random.js';
import type { Value } from '../../onnx/onnx-values.js';
import { createFloatTensor, createIntTensor } from '../../onnx/tensor.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import type { AdamWOptions } from '../autodiff/step/adamw.js';
import type { Objective } from '../autodiff/step/step-graphs.js';
import { TrainingStep } from '../autodiff/step/training-step.js';
import { appendLogits, appendSameLabel, createNotItselfMask, EXCLUDED } from '../losses/contrast.js';
import type { Projection } from './projection.js';

export interface NeighbourhoodOptions {
  readonly steps: number;
  /** Size of the first steps, relative to the mean entry of the start. */
  readonly rate: number;
  /** Divides the cosines. */
  readonly temperature: number;
  /** Photos of one step; all if there are fewer. */
  readonly batch: number;
  readonly seed: number;
}

/**
 * Maximises the leave-one-out soft-kNN probability of the right label, a softmax over cosine / temperature (Goldberger et
 * al. 2004, "Neighbourhood Components Analysis"; L_in of Khosla et al. 2020, arXiv 2004.11362). Adam with a cosine
 * schedule. Step sizes are relative to the start, and few steps stay near it, which also keeps unseen labels apart.
 *
 * @param features float32 [n, F], unit rows
 * @param labels of each row
 * @param onStep called after each step
 */
export async function fitNeighbourhood(
  features: Matrix,
  labels: readonly number[],
  start: Projection,
  { steps, rate, temperature, batch: maxBatch, seed }: NeighbourhoodOptions,
  session?: SessionOptions,
  onStep?: (done: number) => void,
): Promise<Projection> {
  const batch = Math.min(maxBatch, features.rows);
  const objective: Objective = {
    async encoder(g, count) {
      const x = g.input('features', 'float32', [count, features.dimension]);
      return g.op('Gemm', [x, g.parameter('matrix', start.matrix), g.parameter('offset', start.offset)]);
    },
    loss: (g, embeddings) => appendNeighbourLoss(g, embeddings, temperature),
  };
  const step = await TrainingStep.create(objective, {
    batch,
    optimiser: createNeighbourhoodAdam(start),
    session,
  });
  try {
    const random = createRandom(seed);
    const order = labels.map((_, row) => row);
    for (let done = 1; done <= steps; done++) {
      const rows = drawDistinct(order, batch, random);
      const { data, dimension } = stackRows(
        rows.map((row) => getRow(features, row)),
        features.dimension,
      );
      const feeds = {
        features: createFloatTensor(data, [batch, dimension]),
        labels: createIntTensor(rows.map((row) => labels[row]!)),
      };
      await step.run(feeds, 0.5 * rate * (1 + Math.cos((Math.PI * done) / steps)));
      onStep?.(done);
    }
    const { matrix, offset } = step.state.weights;
    return { matrix: matrix ?? start.matrix, offset: offset ?? start.offset };
  } finally {
    await step.close();
  }
}

/** Adam whose steps are relative to the mean entry of the start. */
function createNeighbourhoodAdam(start: Projection): AdamWOptions {
  const scales = new Map(
    Object.entries(start).map(([name, { data }]) => [name, computeMeanSize(data as Float32Array)]),
  );
  return {
    beta2: 0.99,
    epsilon: 1e-12,
    weightDecay: 0,
    perWeight: (name) => ({ rate: scales.get(name) ?? 1 }),
  };
}

/** Appends the mean over the rows of -log of the probability of their label; 0 for rows whose label occurs only once. */
function appendNeighbourLoss(g: GraphBuilder, embeddings: Value, temperature: number): Value {
  const [count = 0] = embeddings.shape;
  const labels = g.input('labels', 'int64', [count]);
  const others = createNotItselfMask(g, count);
  const right = g.and(appendSameLabel(g, labels, labels), others);
  const logits = appendLogits(g, embeddings, embeddings, temperature);
  const logOf = (among: Value) => g.reduceLogSumExp(g.where(among, logits, EXCLUDED), [1], false);
  const hasOthers = g.greater(g.reduceSum(g.cast(right, 'float32'), [1], false), 0);
  return g.meanAll(g.where(hasOthers, g.sub(logOf(others), logOf(right)), 0));
}

/** Computes the mean absolute value, or 1 if all are 0. */
function computeMeanSize(values: Float32Array): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length || 1;
}
