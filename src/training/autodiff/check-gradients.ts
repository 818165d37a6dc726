/** Compares gradients with central finite differences: (f(w + h d) - f(w - h d)) / 2h. */
import { createRandom } from '../../math/random.js';
import { computeDot, computeLength } from '../../math/vectors.js';
import type { Value } from '../../onnx/onnx-values.js';
import { countElements, type Tensor } from '../../onnx/tensor.js';
import { appendGradients } from './append-gradients.js';
import type { GraphBuilder } from './graph-builder.js';
import { GraphSession, type SessionOptions } from './graph-session.js';

export interface CheckOptions {
  /** The value to differentiate. Anything but a scalar is first multiplied with a fixed random tensor and summed. */
  readonly objective: Value;
  /** A tensor for each graph input that is not a parameter. */
  readonly feeds?: Readonly<Record<string, Tensor>>;
  /**
   * Weights with up to this many elements are checked element by element, larger ones along directions. Default: 64.
   */
  readonly elementwiseUpTo?: number;
  /** Random directions per larger weight, in addition to the direction of the gradient. Default: 4. */
  readonly directions?: number;
  readonly session?: SessionOptions;
}

/** The comparison of one weight's gradient with finite differences. */
export interface GradientCheck {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of compared derivatives: elements or directions. */
  readonly compared: number;
  /** |analytic - numeric| / max(|analytic|, |numeric|) over those, Euclidean norms; 0 where both vanish. */
  readonly relativeError: number;
  /** Euclidean norm of the analytic gradient. */
  readonly norm: number;
}

/** Steps h to try for each derivative, in units of the weight's values. The best agreement counts. */
const STEPS = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4];

/**
 * Checks the gradient of every parameter of a graph.
 *
 * In float32, a correct rule agrees to about 1e-3 or better. Kinks near a value (Relu, Clip, MaxPool) and gradients
 * that almost vanish show larger errors without being wrong.
 *
 * @param g the graph; its outputs are replaced
 * @returns one entry per parameter, in the order they were declared
 * @throws PawdexError operator_not_differentiable where a rule is missing
 */
export async function checkGradients(g: GraphBuilder, options: CheckOptions): Promise<GradientCheck[]> {
  const { objective } = options;
  const random = createRandom(1);
  const parameters = [...g.parameters.keys()];
  const cotangent = Float32Array.from({ length: countElements(objective.shape) }, () =>
    objective.shape.length === 0 ? 1 : random() * 2 - 1,
  );
  const seed = g.constant({ dtype: 'float32', shape: objective.shape, data: cotangent }, 'cotangent');
  g.outputs.clear();
  g.output('objective', objective);
  const forward = await GraphSession.open(g.toBytes(), options.session);
  g.outputs.clear();
  for (const [weight, gradient] of appendGradients(g, new Map([[objective, seed]]), parameters)) {
    g.output(`gradient of ${weight.name}`, gradient);
  }
  const backward = await GraphSession.open(g.toBytes(), options.session);
  try {
    const feeds: Record<string, Tensor> = { ...options.feeds };
    for (const [weight, tensor] of g.parameters) {
      feeds[weight.name] = tensor;
    }
    const analytic = await backward.run(feeds);
    const evaluate = async (name: string, data: Float32Array): Promise<number> => {
      const weight = feeds[name] as Tensor;
      const results = await forward.run({ ...feeds, [name]: { ...weight, data } });
      return computeDot(results.objective?.data as Float32Array, cotangent);
    };
    const checks: GradientCheck[] = [];
    for (const weight of parameters) {
      const gradient = analytic[`gradient of ${weight.name}`]?.data as Float32Array;
      const data = feeds[weight.name]?.data as Float32Array;
      const directions = chooseDirections(gradient, random, options);
      const objective = (moved: Float32Array) => evaluate(weight.name, moved);
      checks.push(await checkWeight(weight, { data, gradient, directions }, objective));
    }
    return checks;
  } finally {
    await forward.close();
    await backward.close();
  }
}

interface Comparison {
  /** The weight's values. */
  data: Float32Array;
  /** The analytic gradient. */
  gradient: Float32Array;
  directions: Float32Array[];
}

async function checkWeight(
  weight: Value,
  { data, gradient, directions }: Comparison,
  objective: (moved: Float32Array) => Promise<number>,
): Promise<GradientCheck> {
  const scale = Math.sqrt(computeDot(data, data) / data.length) || 1;
  // Sums of squares over the directions.
  let [difference, analytic, numeric] = [0, 0, 0];
  for (const direction of directions) {
    const expected = computeDot(gradient, direction);
    const spread = scale / direction.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    let best = Number.POSITIVE_INFINITY;
    for (const step of STEPS) {
      const slope = await measureSlope(data, direction, step * spread, objective);
      if (Math.abs(slope - expected) < Math.abs(best - expected)) {
        best = slope;
      }
    }
    difference += (best - expected) ** 2;
    analytic += expected ** 2;
    numeric += best ** 2;
  }
  const larger = Math.sqrt(Math.max(analytic, numeric));
  const relativeError = larger === 0 ? 0 : Math.sqrt(difference) / larger;
  const norm = computeLength(gradient);
  return { name: weight.name, shape: weight.shape, compared: directions.length, relativeError, norm };
}

/** Measures the slope of the objective along a direction, times its length: the central difference around `data`. */
async function measureSlope(
  data: Float32Array,
  direction: Float32Array,
  step: number,
  objective: (moved: Float32Array) => Promise<number>,
): Promise<number> {
  const up = data.map((value, i) => value + step * (direction[i] ?? 0));
  const down = data.map((value, i) => value - step * (direction[i] ?? 0));
  // The actual step in float32, which differs from the requested one by rounding.
  const moved = computeDot(
    up.map((value, i) => value - (down[i] ?? 0)),
    direction,
  );
  const change = (await objective(up)) - (await objective(down));
  return (change / moved) * computeDot(direction, direction);
}

/** Chooses the directions to compare a weight along: each element of a small one, else the gradient and some at random. */
function chooseDirections(
  gradient: Float32Array,
  random: () => number,
  { elementwiseUpTo = 64, directions = 4 }: CheckOptions,
): Float32Array[] {
  const { length } = gradient;
  if (length <= elementwiseUpTo) {
    return Array.from(gradient, (_, i) => new Float32Array(length).fill(1, i, i + 1));
  }
  const norm = computeLength(gradient);
  return [
    ...(norm > 0 ? [gradient.map((value) => value / norm)] : []),
    ...Array.from({ length: directions }, () => drawSigns(length, random)),
  ];
}

/** Draws a vector of random signs, so that every element takes part. */
function drawSigns(length: number, random: () => number): Float32Array {
  return Float32Array.from({ length }, () => (random() < 0.5 ? -1 : 1));
}
