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
 * InfoNCE against learned class proxies (after Proxy-NCA, Movshovitz-Attias et al., arXiv 1703.07464): every class
 * has a trained vector; an example is compared with the proxy of its class and those of all others.
 *
 *     L = mean over i of -log( exp(z_i p_y(i) / t) / sum over c of exp(z_i p_c / t) )
 *
 * Proxy-NCA itself leaves the positive out of the denominator; kept in, as here, the loss is a softmax over the
 * classes and cannot become negative (Zhai & Wu, arXiv 1811.12649).
 *
 * @param embeddings float32 [N, D]
 * @param proxies float32 [C, D], a parameter of the graph
 * @param labels int64 [N], each in [0, C)
 * @returns a scalar
 * @throws PawdexError config_invalid for a single class
 */
export function appendProxyNca(
  g: GraphBuilder,
  embeddings: Value,
  proxies: Value,
  labels: Value,
  options: ContrastOptions,
): Value {
  const classes = proxies.shape[0] ?? 0;
  checkCandidates(classes, 'Proxy-NCA');
  const own = appendSameLabel(g, labels, createPositions(g, classes));
  return appendContrast(
    g,
    appendLogits(g, embeddings, proxies, options.temperature),
    own,
    undefined,
    options.hardness,
  );
}
