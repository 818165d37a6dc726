/** Network and losses of a recipe as what a training step is made of. */
import type { Model } from '../../onnx/model.js';
import type { Tensor } from '../../onnx/tensor.js';
import type { AdamWOptions } from '../autodiff/step/adamw.js';
import type { Objective } from '../autodiff/step/graphs.js';
import { normalise } from '../losses/contrast.js';
import type { Recipe } from '../recipe/schema.js';
import { withStartOutput } from './beside.js';
import { distillationOf } from './distillation.js';
import { appendTrained, type Cut } from './kept.js';
import { layersOf, trainableWeights } from './layers.js';
import { appendLosses, PROXIES } from './losses.js';
import { appendBackbone, appendHead, HEAD, type Network, pixelsInput } from './network.js';

/**
 * The objective of a recipe.
 *
 * @param network backbone and head that training starts from
 * @param proxies float32 [labels, D] that training starts from, where a loss has proxies
 * @param cut where steps are fed kept values instead of pixels
 * @throws PawdexError `config_invalid` when the recipe freezes what there is not
 */
export function objectiveOf(
  network: Network,
  proxies: Tensor | null,
  recipe: Recipe,
  cut: Cut | null = null,
): Objective {
  const trainable = new Set(trainableWeights(layersOf(network.backbone), recipe).keys());
  const distillation = distillationOf(network, recipe);
  return {
    async encoder(g, batch) {
      const taught = (part: Model) => (distillation === null ? part : withStartOutput(part, trainable));
      const [features, before = features] =
        cut === null
          ? await appendBackbone(g, taught(network.backbone), pixelsInput(g, batch, network), trainable)
          : await appendTrained(g, taught(cut.split.trained), cut.ports, batch, trainable);
      const embeddings = appendHead(g, network.head, features);
      return distillation === null
        ? embeddings
        : distillation.withTarget(g, embeddings, normalise(g, before));
    },
    loss(g, embeddings) {
      if (distillation === null) return appendLosses(g, embeddings, recipe, proxies);
      const { learned, loss } = distillation.split(g, embeddings);
      return g.add(appendLosses(g, learned, recipe, proxies), loss);
    },
  };
}

/** The optimiser of a recipe: the rate of each layer, and what decays. */
export function optimiserOf(network: Network, { optimiser, ...recipe }: Recipe): AdamWOptions {
  const rates = trainableWeights(layersOf(network.backbone), { ...recipe, optimiser });
  const own = new Set<string>([HEAD.matrix, HEAD.offset, PROXIES]);
  const { weightDecay, clipNorm, headRate } = optimiser;
  return {
    weightDecay,
    clipNorm,
    perWeight: (name) => ({
      rate: rates.get(name) ?? (own.has(name) ? headRate : 1),
      // Offsets, proxies and temperatures are not to be pulled towards 0.
      decay: name === HEAD.matrix || (network.backbone.initialisers.get(name)?.shape.length ?? 0) > 1,
    }),
  };
}
