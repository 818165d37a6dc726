import type { Value } from '../../onnx/onnx-values.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import {
  appendContrast,
  appendLogits,
  appendSameLabel,
  type ContrastOptions,
  checkCandidates,
  createNotItselfMask,
} from './contrast.js';

/**
 * Supervised contrastive loss, L_out of Khosla et al., arXiv 2004.11362: the positives P(i) of an example are the
 * others of its label, all others but itself are in the denominator.
 *
 *     L = mean over i of -1/|P(i)| sum over p in P(i) of log( exp(z_i z_p / t) / sum over a != i of exp(z_i z_a / t) )
 *
 * Examples whose label occurs only once are negatives of the others and have no term of their own.
 *
 * @param embeddings float32 [N, D], of any length; compared by their cosine
 * @param labels int64 [N]
 * @returns a scalar
 * @throws PawdexError config_invalid for fewer than three examples, which leave a single candidate
 */
export function appendSupCon(
  g: GraphBuilder,
  embeddings: Value,
  labels: Value,
  options: ContrastOptions,
): Value {
  const count = embeddings.shape[0] ?? 0;
  checkCandidates(count - 1, 'SupCon');
  const others = createNotItselfMask(g, count);
  const positives = g.and(appendSameLabel(g, labels, labels), others);
  return appendContrast(
    g,
    appendLogits(g, embeddings, embeddings, options.temperature),
    positives,
    others,
    options.hardness,
  );
}
