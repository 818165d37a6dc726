/** Compares the gradient of every weight that a recipe trains with finite differences. */
import { createRandom } from '../../math/random.js';
import type { Value } from '../../onnx/onnx-values.js';
import { createIntTensor, type Tensor } from '../../onnx/tensor.js';
import { checkGradients, type GradientCheck } from '../autodiff/check-gradients.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { LOSS_INPUTS } from '../network/append-losses.js';
import { createObjective } from '../network/objective.js';
import { countLearned, countViewsPerStep } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { drawUnitRows, readStartNetwork } from './prepare-start.js';

/** Largest relative error of a correct gradient in float32. At kinks, correct gradients can show more. */
const TOLERANCE = 2e-2;
/** A gradient this small, relative to the largest, is lost in the rounding of the loss. */
const NEGLIGIBLE_SHARE = 1e-3;

/** The comparison of a weight's gradient with finite differences, and what it means. */
export interface WeightCheck extends GradientCheck {
  /** Whether it agrees, or is too small to tell. */
  sound: boolean;
  /** Whether it is too small to tell. */
  negligible: boolean;
}

/**
 * Checks the gradients of a recipe on a few random images.
 *
 * @param onStart called with the number of weights before the comparison, which takes minutes for large networks
 * @returns one entry per weight, the largest error last
 */
export async function checkRecipeGradients(
  recipe: Recipe,
  session: SessionOptions,
  onStart: (weights: number) => void,
): Promise<WeightCheck[]> {
  const smallRecipe = shrinkRecipe(recipe);
  const { graph, loss } = await buildCheckGraph(smallRecipe);
  onStart(graph.parameters.size);
  const checks = await checkGradients(graph, {
    objective: loss,
    feeds: createCheckFeeds(smallRecipe),
    elementwiseUpTo: 4,
    directions: 1,
    session,
  });
  const largest = Math.max(...checks.map(({ norm }) => norm));
  return checks
    .toSorted((a, b) => a.relativeError - b.relativeError)
    .map((check) => {
      const negligible = check.norm < NEGLIGIBLE_SHARE * largest;
      return { ...check, sound: check.relativeError < TOLERANCE || negligible, negligible };
    });
}

/** Enough photos for every loss to have positives and negatives. */
const CHECK_BATCH = { labels: 3, photos: 2 };
/** Keys in the queue of MoCo, a multiple of the photos. */
const CHECK_QUEUE = 12;

/** Shrinks the batch of a recipe, and the queue of keys with it. */
function shrinkRecipe(recipe: Recipe): Recipe {
  const losses = recipe.losses.map((term) => (term.kind === 'moco' ? { ...term, queue: CHECK_QUEUE } : term));
  return { ...recipe, losses, batch: { ...CHECK_BATCH }, head: { ...recipe.head, start: 'random' } };
}

/**
 * Builds forward pass and loss of a recipe.
 *
 * @returns the graph with its trainable weights as parameters, and the loss, a scalar
 * @throws the errors of training
 */
async function buildCheckGraph(recipe: Recipe): Promise<{ graph: GraphBuilder; loss: Value }> {
  const network = await readStartNetwork(recipe);
  const proxies = drawUnitRows(CHECK_BATCH.labels, countLearned(recipe), 2);
  const objective = createObjective({ recipe, network, proxies, cut: null });
  const graph = new GraphBuilder();
  const embeddings = await objective.encoder(graph, countViewsPerStep(recipe));
  return { graph, loss: objective.loss(graph, embeddings) };
}

function createCheckFeeds(recipe: Recipe): Record<string, Tensor> {
  const { size } = recipe.backbone;
  const views = countViewsPerStep(recipe);
  const random = createRandom(recipe.seed);
  const data = Uint8Array.from({ length: views * size * size * 3 }, () => Math.floor(256 * random()));
  const dimension = countLearned(recipe);
  return {
    pixels: { dtype: 'uint8', shape: [views, size, size, 3], data },
    [LOSS_INPUTS.labels]: createIntTensor(
      Array.from({ length: views }, (_, i) => Math.floor(i / CHECK_BATCH.photos)),
    ),
    [LOSS_INPUTS.keys]: drawUnitRows(views, dimension, 3),
    [LOSS_INPUTS.queue]: drawUnitRows(CHECK_QUEUE, dimension, 4),
  };
}
