/**
 * AdamW (Loshchilov & Hutter, arXiv 1711.05101) with clipping by the global gradient norm, as graph operators:
 *
 *     g = g min(1, clip / (|g| + 1e-6))      m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2
 *     w = w (1 - rate decay) - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
 *
 * The values that change from step to step are fed as scalars, computed outside in double precision: in float32, 1 -
 * b2^t would keep four digits.
 */
import type { Value } from '../../../onnx/onnx-values.js';
import { countElements, createFloatTensor, type Tensor } from '../../../onnx/tensor.js';
import type { GraphBuilder } from '../graph-builder.js';

/** Settings of the optimiser; the defaults are PyTorch's. */
export interface AdamWOptions {
  /** Decay of the mean of the squared gradients. Default: 0.999. */
  readonly beta2?: number;
  /** Default: 1e-8. */
  readonly epsilon?: number;
  /** Decoupled weight decay per step, times the learning rate. Default: 0.01. */
  readonly weightDecay?: number;
  /** Largest norm of all gradients together. Default: no limit. */
  readonly clipNorm?: number;
  /** For each weight, a factor on the learning rate (default: 1) and whether it decays (default: true). */
  readonly perWeight?: (name: string) => { rate?: number; decay?: boolean };
}

/** One weight with its gradient, of one shape, and its moments, which are flat: [size of the weight]. */
export interface AdamWSlot {
  readonly name: string;
  readonly weight: Value;
  readonly gradient: Value;
  readonly m: Value;
  readonly v: Value;
}

/** The values after the step, in the order and the shapes of the slots. */
export interface AdamWResult {
  readonly weights: Value[];
  readonly m: Value[];
  readonly v: Value[];
  /** Scalar: the norm of all gradients before clipping. */
  readonly norm: Value;
}

/** Decay of the mean of the gradients. */
const BETA1 = 0.9;
const DEFAULT_BETA2 = 0.999;

const RATE = 'adamw rate';
const EPSILON = 'adamw epsilon';
const DECAY = 'adamw decay';

/** Appends the update of all weights. Declares three scalar inputs, which {@link createAdamWFeeds} fills. */
export function appendAdamW(
  g: GraphBuilder,
  slots: readonly AdamWSlot[],
  options: AdamWOptions = {},
): AdamWResult {
  const { beta2 = DEFAULT_BETA2 } = options;
  const rate = g.input(RATE, 'float32', []);
  const epsilon = g.input(EPSILON, 'float32', []);
  const decay = g.input(DECAY, 'float32', []);
  const squares = slots.map(({ gradient }) => g.op('ReduceSumSquare', [gradient], { keepdims: 0 }));
  const norm = g.sqrt(squares.reduce(g.add));
  const clip =
    options.clipNorm === undefined ? g.scalar(1) : g.min(1, g.div(options.clipNorm, g.add(norm, 1e-6)));
  const toM = g.mul(clip, 1 - BETA1);
  const toV = g.mul(g.square(clip), 1 - beta2);
  const results = slots.map(({ name, weight, gradient, ...slot }) => {
    // Flat, because onnxruntime is slow with a scalar operand if the other operand ends in axes of length 1, as the
    // weights of 1x1 convolutions do.
    const flat = [countElements(weight.shape)];
    const slope = g.reshape(gradient, flat);
    const { rate: factor = 1, decay: decays = true } = options.perWeight?.(name) ?? {};
    const scaled = (value: Value) => (factor === 1 ? value : g.mul(value, factor));
    const m = g.add(g.mul(slot.m, BETA1), g.mul(slope, toM));
    const v = g.add(g.mul(slot.v, beta2), g.mul(g.square(slope), toV));
    const step = g.div(g.mul(m, scaled(rate)), g.add(g.sqrt(v), epsilon));
    const before = g.reshape(weight, flat);
    const decayed = decays ? g.mul(before, g.sub(1, scaled(decay))) : before;
    return { weight: g.reshape(g.sub(decayed, step), weight.shape), m, v };
  });
  return {
    weights: results.map(({ weight }) => weight),
    m: results.map(({ m }) => m),
    v: results.map(({ v }) => v),
    norm,
  };
}

/**
 * Creates the scalars of one step, which include the bias corrections.
 *
 * @param step 1 for the first step
 */
export function createAdamWFeeds(
  step: number,
  learningRate: number,
  options: AdamWOptions = {},
): Record<string, Tensor> {
  const { beta2 = DEFAULT_BETA2, epsilon = 1e-8, weightDecay = 0.01 } = options;
  const correction = Math.sqrt(1 - beta2 ** step);
  const scalar = (value: number) => createFloatTensor([value], []);
  return {
    [RATE]: scalar((learningRate * correction) / (1 - BETA1 ** step)),
    [EPSILON]: scalar(epsilon * correction),
    [DECAY]: scalar(learningRate * weightDecay),
  };
}
