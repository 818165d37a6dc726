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
 * InfoNCE on given pairs (van den Oord et al., arXiv 1807.03748): query i belongs to key i, all other keys are
 * its negatives.
 *
 *     L = mean over i of -log( exp(q_i k_i / t) / sum over j of exp(q_i k_j / t) )
 *
 * @param queries float32 [N, D], of any length; compared by their cosine
 * @param keys float32 [N, D]
 * @param options `symmetric` averages with the loss of keys against queries, as CLIP does
 * @returns a scalar
 * @throws PawdexError config_invalid for a single pair, which has no negatives
 */
export function appendInfoNce(
  g: GraphBuilder,
  queries: Value,
  keys: Value,
  options: ContrastOptions & { readonly symmetric?: boolean },
): Value {
  const count = queries.shape[0] ?? 0;
  checkCandidates(count, 'InfoNCE');
  const logits = appendLogits(g, queries, keys, options.temperature);
  const pairs = appendSameLabel(g, createPositions(g, count), createPositions(g, count));
  const loss = appendContrast(g, logits, pairs, undefined, options.hardness);
  if (!options.symmetric) {
    return loss;
  }
  return g.mul(
    g.add(loss, appendContrast(g, g.transposeLast(logits), pairs, undefined, options.hardness)),
    0.5,
  );
}
