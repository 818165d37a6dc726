/** Appends the losses of a recipe to a graph, as one scalar. */
import type { Value } from '../../onnx/onnx-values.js';
import type { Tensor } from '../../onnx/tensor.js';
import type { GraphBuilder, Operand } from '../autodiff/graph-builder.js';
import { declareTemperature } from '../losses/contrast.js';
import {
  appendInfoNce,
  appendMoco,
  appendNtXent,
  appendProxyNca,
  appendSupCon,
} from '../losses/contrastive-losses.js';
import type { LossTerm, Recipe } from '../recipe/recipe-schema.js';

/** The name of the proxies in a training state: float32 [labels, D]. */
export const PROXIES = 'proxies';

/** Names of the inputs that losses declare in addition to the embeddings. */
export const LOSS_INPUTS = { labels: 'labels', keys: 'keys', queue: 'queue' } as const;

/**
 * Appends the weighted sum of the losses.
 *
 * @param embeddings float32 [batch, D]: label by label, or for NT-Xent all first views, then all second views
 * @param proxies float32 [labels, D], the proxies at the start, if a loss has proxies
 */
export function appendLosses(
  g: GraphBuilder,
  embeddings: Value,
  recipe: Recipe,
  proxies: Tensor | null,
): Value {
  const terms = recipe.losses.map((term) => {
    const loss = appendLoss(g, embeddings, term, proxies);
    return term.weight === 1 ? loss : g.mul(loss, term.weight);
  });
  return terms.reduce(g.add);
}

function appendLoss(g: GraphBuilder, embeddings: Value, term: LossTerm, proxies: Tensor | null): Value {
  const [batch = 0, dimension = 0] = embeddings.shape;
  const options = { temperature: appendTemperature(g, term), hardness: term.hardness };
  const labels = () =>
    g.inputs.find(({ name }) => name === LOSS_INPUTS.labels) ?? g.input(LOSS_INPUTS.labels, 'int64', [batch]);
  switch (term.kind) {
    case 'info-nce': {
      const pairs = g.reshape(embeddings, [batch / 2, 2, dimension]);
      const half = (at: number) => g.reshape(g.slice(pairs, 1, at, at + 1), [batch / 2, dimension]);
      return appendInfoNce(g, half(0), half(1), { ...options, symmetric: term.symmetric });
    }
    case 'sup-con':
      return appendSupCon(g, embeddings, labels(), options);
    case 'nt-xent':
      return appendNtXent(g, embeddings, options);
    case 'moco': {
      const keys = g.input(LOSS_INPUTS.keys, 'float32', [batch, dimension]);
      const queue = g.input(LOSS_INPUTS.queue, 'float32', [term.queue, dimension]);
      return appendMoco(g, embeddings, keys, queue, options);
    }
    case 'proxy-nca':
      return appendProxyNca(g, embeddings, g.parameter(PROXIES, proxies as Tensor), labels(), options);
  }
}

function appendTemperature(g: GraphBuilder, { kind, temperature }: LossTerm): Operand {
  return typeof temperature === 'number'
    ? temperature
    : declareTemperature(g, temperature.learned, `log temperature of ${kind}`);
}
