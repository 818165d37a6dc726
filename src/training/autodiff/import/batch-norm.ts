/**
 * Batch normalisation by the statistics of the batch (Ioffe & Szegedy, arXiv 1502.03167), written in single operators.
 */

import type { Value } from '../../../onnx/onnx-values.js';
import type { GraphBuilder } from '../graph-builder.js';

/** A normalised batch with its statistics. */
export interface BatchNormalised {
  /** [N, C, ...], of the input's shape. */
  y: Value;
  /** [C]. */
  mean: Value;
  /** [C], the biased variance (divided by the number of elements), as ONNX's training mode and PyTorch's forward use. */
  variance: Value;
}

/**
 * Normalises each channel over the batch and all positions.
 *
 * @param x float32 [N, C, ...]
 * @param scale float32 [C]
 * @param bias float32 [C]
 */
export function appendBatchNorm(
  g: GraphBuilder,
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
): BatchNormalised {
  const channels = x.shape[1] ?? 1;
  const perChannel = [channels, ...x.shape.slice(2).map(() => 1)];
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = g.reduceMean(x, axes);
  const centred = g.sub(x, mean);
  const variance = g.reduceMean(g.square(centred), axes);
  const factor = g.div(g.reshape(scale, perChannel), g.sqrt(g.add(variance, epsilon)));
  return {
    y: g.add(g.mul(centred, factor), g.reshape(bias, perChannel)),
    mean: g.reshape(mean, [channels]),
    variance: g.reshape(variance, [channels]),
  };
}
