import type { Value } from '../../onnx/onnx-values.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import {
  appendContrast,
  appendLogits,
  appendSameLabel,
  type ContrastOptions,
  checkCandidates,
  createPositions,
} from './contrast.js';

/**
 * MoCo's InfoNCE (He et al., arXiv 1911.05722): a query's positive is the key of the same photo by the momentum
 * encoder, its negatives are a queue of keys of earlier batches.
 *
 *     L = mean over i of -log( exp(q_i k_i / t) / (exp(q_i k_i / t) + sum over n in queue of exp(q_i n / t)) )
 *
 * Keys and queue are data: feed them as inputs, so that no gradient reaches the momentum encoder.
 *
 * @param queries float32 [N, D]
 * @param keys float32 [N, D], row by row the queries' positives
 * @param queue float32 [K, D], the negatives
 * @returns a scalar
 * @throws PawdexError config_invalid for an empty queue
 */
export function appendMoco(
  g: GraphBuilder,
  queries: Value,
  keys: Value,
  queue: Value,
  options: ContrastOptions,
): Value {
  const [count = 0] = queries.shape;
  const length = queue.shape[0] ?? 0;
  checkCandidates(length + 1, 'MoCo');
  // All keys and the queue in one product; the keys of other queries are then left out.
  const logits = appendLogits(g, queries, g.concat([keys, queue], 0), options.temperature);
  const own = appendSameLabel(g, createPositions(g, count), createPositions(g, count + length));
  const queued = Uint8Array.from({ length: count + length }, (_, column) => (column < count ? 0 : 1));
  const inQueue = g.constant({ dtype: 'bool', shape: [1, count + length], data: queued }, 'in queue');
  return appendContrast(g, logits, own, g.op('Or', [own, inQueue]), options.hardness);
}
