/** The common part of all contrastive losses: the positives should be the most similar candidates of a row. */
import { PawdexError } from '../../errors.js';
import type { Value } from '../../onnx/onnx-values.js';
import type { GraphBuilder, Operand } from '../autodiff/graph-builder.js';

export interface ContrastOptions {
  /** Divides the cosine similarities: a number, or the result of {@link declareTemperature}. Usually 0.05 to 0.5. */
  readonly temperature: Operand;
  /**
   * Concentration of the weights on hard negatives (Robinson et al., arXiv 2010.04592): a negative counts exp(hardness
   * * logit), scaled to a mean of 1 per row. Default: 0, all count the same.
   */
  readonly hardness?: number;
}

/** The logit of a non-candidate. Its exponential is 0, and unlike infinity its product with 0 is 0. */
export const EXCLUDED = -1e9;

/** Smallest length to divide a vector by. */
const TINY = 1e-12;

/** Scales rows to length 1. @param x float32 [N, D] */
export function appendUnitRows(g: GraphBuilder, x: Value): Value {
  return g.div(x, g.op('Clip', [g.reduceL2(x, [1]), g.scalar(TINY)]));
}

/**
 * Appends cosine similarities, divided by the temperature.
 *
 * @param a [N, D]
 * @param b [M, D]
 * @returns [N, M]
 */
export function appendLogits(g: GraphBuilder, a: Value, b: Value, temperature: Operand): Value {
  return g.div(g.matMul(appendUnitRows(g, a), g.transposeLast(appendUnitRows(g, b))), temperature);
}

/**
 * Declares a temperature that is trained with the weights, as in CLIP (Radford et al., arXiv 2103.00020). Its
 * logarithm is the parameter, and it stays within [0.01, 1].
 */
export function declareTemperature(g: GraphBuilder, initial: number, name = 'log temperature'): Value {
  const logarithm = g.parameter(name, {
    dtype: 'float32',
    shape: [],
    data: Float32Array.of(Math.log(initial)),
  });
  return g.exp(g.op('Clip', [logarithm, g.scalar(Math.log(0.01)), g.scalar(0)]));
}

/**
 * -1/|P| sum over p in P of log(exp(l_p) / sum over c in candidates of exp(l_c)), averaged over the rows that have a
 * positive.
 *
 * @param logits float32 [N, M]
 * @param positives bool [N, M]; a subset of the candidates
 * @param candidates bool [N, M], or undefined if every column is one
 * @returns a scalar; 0 if no row has a positive
 */
export function appendContrast(
  g: GraphBuilder,
  logits: Value,
  positives: Value,
  candidates: Value | undefined,
  hardness = 0,
): Value {
  const isPositive = g.cast(positives, 'float32');
  const negatives = hardness === 0 ? undefined : appendNegatives(g, positives, candidates);
  const weighted = negatives ? g.add(logits, appendHardWeights(g, logits, negatives, hardness)) : logits;
  const masked = candidates ? g.where(candidates, weighted, EXCLUDED) : weighted;
  const probabilities = g.op('LogSoftmax', [masked], { axis: 1 });
  const counts = g.reduceSum(isPositive, [1], false);
  const atLeastOne = (count: Value) => g.op('Clip', [count, g.scalar(1)]);
  const perRow = g.div(g.reduceSum(g.mul(isPositive, probabilities), [1], false), atLeastOne(counts));
  const rows = g.sumAll(g.cast(g.greater(counts, 0), 'float32'));
  return g.neg(g.div(g.sumAll(perRow), atLeastOne(rows)));
}

function appendNegatives(g: GraphBuilder, positives: Value, candidates: Value | undefined): Value {
  const others = g.op('Not', [positives]);
  return candidates ? g.and(candidates, others) : others;
}

/** Appends the logarithms of the weights of negatives, 0 elsewhere: [N, M]. */
function appendHardWeights(g: GraphBuilder, logits: Value, negatives: Value, hardness: number): Value {
  const scaled = g.mul(logits, hardness);
  const count = g.reduceSum(g.cast(negatives, 'float32'), [1]);
  const total = g.reduceLogSumExp(g.where(negatives, scaled, EXCLUDED), [1]);
  const mean = g.sub(total, g.log(g.op('Clip', [count, g.scalar(1)])));
  return g.where(negatives, g.sub(scaled, mean), 0);
}

/**
 * Creates a mask of everything but the diagonal, bool [N, N]. A view compared with itself would always be the most
 * similar.
 */
export function createNotItselfMask(g: GraphBuilder, count: number): Value {
  const data = Uint8Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 0 : 1));
  return g.constant({ dtype: 'bool', shape: [count, count], data }, 'not itself');
}

/** Creates the numbers 0, 1, 2, ..., int64 [count]. */
export function createPositions(g: GraphBuilder, count: number): Value {
  return g.integers(Array.from({ length: count }, (_, i) => i));
}

/**
 * Compares the labels of two lists: bool [N, M].
 *
 * @param a int64 [N]
 * @param b int64 [M]
 */
export function appendSameLabel(g: GraphBuilder, a: Value, b: Value): Value {
  return g.equal(g.reshape(a, [a.shape[0] ?? 0, 1]), g.reshape(b, [1, b.shape[0] ?? 0]));
}

/**
 * Refuses a loss that is always zero.
 *
 * @throws PawdexError config_invalid when a softmax would run over fewer than two candidates
 */
export function checkCandidates(candidates: number, loss: string): void {
  if (candidates >= 2) {
    return;
  }
  throw new PawdexError('config_invalid', {
    detail: `${loss} would compare each example with ${candidates} candidate: its softmax is always 1, its loss 0.`,
    hint: 'Use a larger batch, so that every example has negatives.',
  });
}
