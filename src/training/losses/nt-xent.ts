import type { Value } from '../../onnx/onnx-values.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import type { ContrastOptions } from './contrast.js';
import { appendSupCon } from './sup-con.js';

/**
 * NT-Xent of SimCLR (Chen et al., arXiv 2002.05709), for photos without labels: of two views of each of N photos,
 * each view's positive is the other view of its photo, its negatives are all 2N - 2 views of other photos.
 *
 *     L = mean over i of -log( exp(z_i z_j(i) / t) / sum over k != i of exp(z_i z_k / t) )
 *
 * This is SupCon with the photo as the label.
 *
 * @param embeddings float32 [2N, D]: the first views of all photos, then the second views in the same order
 * @returns a scalar
 * @throws PawdexError config_invalid for a single photo, which has no negatives
 */
export function appendNtXent(g: GraphBuilder, embeddings: Value, options: ContrastOptions): Value {
  const photos = (embeddings.shape[0] ?? 0) / 2;
  const photo = g.integers(Array.from({ length: 2 * photos }, (_, view) => view % photos));
  return appendSupCon(g, embeddings, photo, options);
}
