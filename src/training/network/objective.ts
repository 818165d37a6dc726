/** Turns network and losses of a recipe into the objective and the optimiser of a training step. */
import type { Tensor } from '../../onnx/tensor.js';
import type { AdamWOptions } from '../autodiff/step/adamw.js';
import type { Objective } from '../autodiff/step/step-graphs.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { appendLosses, PROXIES } from './append-losses.js';
import { selectTrainableWeights } from './layers.js';
import { appendBackbone, appendHead, appendPixels, HEAD, type Network } from './network.js';
import { appendTrainedPart, type NetworkCut } from './network-cut.js';

/** What a training step computes. */
export interface ObjectiveOptions {
  recipe: Recipe;
  /** Backbone and head that training starts from. */
  network: Network;
  /** float32 [labels, D] at the start; null if no loss has proxies. */
  proxies: Tensor | null;
  /** Where the network is cut, if steps are fed kept values instead of pixels. */
  cut: NetworkCut | null;
}

/** Creates the objective of a recipe. @throws PawdexError config_invalid when it freezes weights that do not exist */
export function createObjective({ recipe, network, proxies, cut }: ObjectiveOptions): Objective {
  const trainable = new Set(selectTrainableWeights(network.backbone, recipe).keys());
  return {
    async encoder(g, batch) {
      const features =
        cut === null
          ? await appendBackbone(g, network.backbone, appendPixels(g, batch, network), trainable)
          : await appendTrainedPart(g, cut, batch, trainable);
      return appendHead(g, network.head, features);
    },
    loss: (g, embeddings) => appendLosses(g, embeddings, recipe, proxies),
  };
}

/** Creates the optimiser of a recipe: the rate of each layer, and which weights decay. */
export function createOptimiser(network: Network, recipe: Recipe): AdamWOptions {
  const rates = selectTrainableWeights(network.backbone, recipe);
  const headWeights = new Set<string>([HEAD.matrix, HEAD.offset, PROXIES]);
  const { weightDecay, clipNorm, headRate } = recipe.optimiser;
  return {
    weightDecay,
    clipNorm,
    perWeight: (name) => ({
      rate: rates.get(name) ?? (headWeights.has(name) ? headRate : 1),
      // Offsets, proxies and temperatures must not be pulled towards 0.
      decay: name === HEAD.matrix || (network.backbone.initialisers.get(name)?.shape.length ?? 0) > 1,
    }),
  };
}
