/**
 * Trains the general part of an embedding by distillation. The network before training is the teacher, on the same
 * views that the losses see: learning without forgetting (Li and Hoiem, arXiv 1606.09282), with features as the target
 * (FitNets, Romero et al., arXiv 1412.6550).
 */
import type { Value } from '../../onnx/onnx-values.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import { countComponents, splitProjection } from '../head/general-part.js';
import { countLearned } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import type { Network } from './network.js';

/** The parts that distillation adds to a training step. */
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
