/**
 * Batch normalisation by the statistics of the batch (Ioffe & Szegedy, arXiv 1502.03167), written in single operators.
 */
import type { Value } from '../../../onnx/onnx-values.js';
import type { GraphBuilder } from '../graph-builder.js';

/**
 * Normalises each channel over the batch and all positions.
 *
 * @param x float32 [N, C, ...]
 * @param scale float32 [C]
 * @param bias float32 [C]
 * @returns [N, C, ...]
 */
export function appendBatchNorm(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
): Value {
  const perChannel = [x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)];
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = g.reduceMean(x, axes);
  const centred = g.sub(x, mean);
  const variance = g.reduceMean(g.square(centred), axes);
  const factor = g.div(g.reshape(scale, perChannel), g.sqrt(g.add(variance, epsilon)));
  return g.add(g.mul(centred, factor), g.reshape(bias, perChannel));
}
