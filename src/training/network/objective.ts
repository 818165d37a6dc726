/** Turns network and losses of a recipe into the objective of a training step. */
import type { Model } from '../../onnx/onnx-model.js';
import type { Value } from '../../onnx/onnx-values.js';
import type { Tensor } from '../../onnx/tensor.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import type { AdamWOptions } from '../autodiff/step/adamw.js';
import type { Objective } from '../autodiff/step/step-graphs.js';
import { countComponents, splitProjection } from '../head/general-part.js';
import { appendUnitRows } from '../losses/contrast.js';
import { countLearned } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { appendLosses, PROXIES } from './append-losses.js';
import { selectTrainableWeights } from './layers.js';
import { appendBackbone, appendHead, appendPixels, HEAD, type Network } from './network.js';
import { appendTrainedPart, type NetworkCut } from './network-cut.js';
import { addStartOutput } from './start-features.js';

/**
 * Creates the objective of a recipe.
 *
 * @param network backbone and head that training starts from
 * @param proxies float32 [labels, D] at the start, if a loss has proxies
 * @param cut if steps are fed kept values instead of pixels
 * @throws PawdexError config_invalid when the recipe freezes weights that do not exist
 */
export function createObjective(
  network: Network,
  proxies: Tensor | null,
  recipe: Recipe,
  cut: NetworkCut | null = null,
): Objective {
  const trainable = new Set(selectTrainableWeights(network.backbone, recipe).keys());
  const distillation = createDistillation(network, recipe);
  return {
    async encoder(g, batch) {
      const taught = (part: Model) => (distillation === null ? part : addStartOutput(part, trainable));
      const [features, before = features] =
        cut === null
          ? await appendBackbone(g, taught(network.backbone), appendPixels(g, batch, network), trainable)
          : await appendTrainedPart(g, taught(cut.split.trained), cut.ports, batch, trainable);
      const embeddings = appendHead(g, network.head, features);
      return distillation === null
        ? embeddings
        : distillation.withTarget(g, embeddings, appendUnitRows(g, before));
    },
    loss(g, embeddings) {
      if (distillation === null) {
        return appendLosses(g, embeddings, recipe, proxies);
      }
      const { learned, loss } = distillation.split(g, embeddings);
      return g.add(appendLosses(g, learned, recipe, proxies), loss);
    },
  };
}

/** Creates the optimiser of a recipe: the rate of each layer, and which weights decay. */
export function createOptimiser(network: Network, { optimiser, ...recipe }: Recipe): AdamWOptions {
  const rates = selectTrainableWeights(network.backbone, { ...recipe, optimiser });
  const own = new Set<string>([HEAD.matrix, HEAD.offset, PROXIES]);
  const { weightDecay, clipNorm, headRate } = optimiser;
  return {
    weightDecay,
    clipNorm,
    perWeight: (name) => ({
      rate: rates.get(name) ?? (own.has(name) ? headRate : 1),
      // Offsets, proxies and temperatures must not be pulled towards 0.
      decay: name === HEAD.matrix || (network.backbone.initialisers.get(name)?.shape.length ?? 0) > 1,
    }),
  };
}

/**
 * Trains the general part of an embedding. The network before training is the teacher, on the same views that the losses
 * see: learning without forgetting (Li and Hoiem, arXiv 1606.09282), with features as the target (FitNets, Romero et
 * al., arXiv 1412.6550).
 */
export interface Distillation {
  /**
   * Appends the target to the output of the head.
   *
   * @param embeddings float32 [batch, learned + general]
   * @param before unit features of the network before training, float32 [batch, F]
   * @returns float32 [batch, learned + 2 general]
   */
  withTarget(g: GraphBuilder, embeddings: Value, before: Value): Value;
  /**
   * Splits them again.
   *
   * @returns the numbers for the losses, float32 [batch, learned], and the weighted mean squared distance of the
   *   general numbers from their target. If the general part were always 0, this would be the weight, because targets have a mean squared length of 1 over the photos
   */
  split(g: GraphBuilder, withTarget: Value): { learned: Value; loss: Value };
}

/**
 * Creates the distillation of a recipe.
 *
 * @param network the network that training starts from; the last columns of its head give the target
 * @returns null if the recipe has none
 */
export function createDistillation({ head }: Network, recipe: Recipe): Distillation | null {
  const { general } = recipe.head;
  if (general?.features !== 'distilled') {
    return null;
  }
  const [own, count] = [countLearned(recipe), countComponents(general)];
  const [, { matrix, offset }] = splitProjection(head, own);
  return {
    withTarget: (g, embeddings, before) =>
      g.concat([embeddings, g.op('Gemm', [before, g.constant(matrix), g.constant(offset)])], 1),
    split(g, withTarget) {
      const columns = (from: number, to: number) => g.slice(withTarget, 1, from, to);
      const apart = g.sub(columns(own, own + count), columns(own + count, own + 2 * count));
      const loss = g.mul(g.meanAll(g.square(apart)), count * general.weight);
      return { learned: columns(0, own), loss };
    },
  };
}
