/** The contrastive losses: which candidates of a row are its positives. contrast.ts has the common part. */
import type { Value } from '../../onnx/onnx-values.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import {
  appendContrast,
  appendLogits,
  appendSameLabel,
  type ContrastOptions,
  checkCandidates,
  createNotItselfMask,
  createPositions,
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
  { temperature, hardness }: ContrastOptions,
): Value {
  const count = embeddings.shape[0] ?? 0;
  checkCandidates(count - 1, 'SupCon');
  const others = createNotItselfMask(g, count);
  const positives = g.and(appendSameLabel(g, labels, labels), others);
  return appendContrast(g, appendLogits(g, embeddings, embeddings, temperature), positives, others, hardness);
}

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
  { temperature, hardness, symmetric }: ContrastOptions & { readonly symmetric?: boolean },
): Value {
  const count = queries.shape[0] ?? 0;
  checkCandidates(count, 'InfoNCE');
  const logits = appendLogits(g, queries, keys, temperature);
  const pairs = appendSameLabel(g, createPositions(g, count), createPositions(g, count));
  const compare = (rows: Value) => appendContrast(g, rows, pairs, undefined, hardness);
  const loss = compare(logits);
  return symmetric ? g.mul(g.add(loss, compare(g.transposeLast(logits))), 0.5) : loss;
}

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
  { temperature, hardness }: ContrastOptions,
): Value {
  const [count = 0] = queries.shape;
  const length = queue.shape[0] ?? 0;
  checkCandidates(length + 1, 'MoCo');
  // All keys and the queue in one product; the keys of other queries are then left out.
  const logits = appendLogits(g, queries, g.concat([keys, queue], 0), temperature);
  const positives = appendSameLabel(g, createPositions(g, count), createPositions(g, count + length));
  const queued = Uint8Array.from({ length: count + length }, (_, column) => (column < count ? 0 : 1));
  const inQueue = g.constant({ dtype: 'bool', shape: [1, count + length], data: queued }, 'in queue');
  return appendContrast(g, logits, positives, g.op('Or', [positives, inQueue]), hardness);
}

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
  { temperature, hardness }: ContrastOptions,
): Value {
  const classes = proxies.shape[0] ?? 0;
  checkCandidates(classes, 'Proxy-NCA');
  const positives = appendSameLabel(g, labels, createPositions(g, classes));
  return appendContrast(g, appendLogits(g, embeddings, proxies, temperature), positives, undefined, hardness);
}
