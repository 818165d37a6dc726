/** A recipe's network and losses as one graph on a few random images, to check gradients with. */
import { intTensor, type Tensor } from '../../onnx/tensor.js';
import { GraphBuilder } from '../autodiff/builder.js';
import type { Value } from '../autodiff/graph.js';
import { readBackbone } from '../network/backbone.js';
import { LOSS_INPUTS } from '../network/losses.js';
import { objectiveOf } from '../network/objective.js';
import { randomHead } from '../network/start.js';
import { randomDirections, randomFloats } from '../random.js';
import { headDimension, learnedDimension, viewsPerStep } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { featureWidth } from './start.js';

/** Photos that are enough for every loss to have positives and negatives. */
const SMALL = { labels: 3, photos: 2 };

/** The recipe on a small batch; a queue of keys shrinks with it. */
function small(recipe: Recipe): Recipe {
  const losses = recipe.losses.map((term) => (term.kind === 'moco' ? { ...term, queue: 12 } : term));
  return { ...recipe, losses, batch: { ...SMALL }, head: { ...recipe.head, start: 'random' } };
}

/**
 * Forward pass and loss of a recipe, for a small batch.
 *
 * @returns the graph with its trainable weights as parameters, and the loss, a scalar
 * @throws PawdexError as training does
 */
export async function checkGraph(recipe: Recipe): Promise<{ graph: GraphBuilder; loss: Value }> {
  const { file, size, padding, pixels } = recipe.backbone;
  const backbone = await readBackbone(file, { size, padding, seed: recipe.seed });
  const parts = { backbone, size, pixels };
  const dimension = learnedDimension(recipe);
  const head = randomHead(await featureWidth(parts), headDimension(recipe), recipe.seed);
  const smaller = small(recipe);
  const objective = objectiveOf({ ...parts, head }, randomDirections(SMALL.labels, dimension, 2), smaller);
  const graph = new GraphBuilder();
  const embeddings = await objective.encoder(graph, viewsPerStep(smaller));
  return { graph, loss: objective.loss(graph, embeddings) };
}

/** Random images and what else the losses are fed. */
export function checkFeeds(recipe: Recipe): Record<string, Tensor> {
  const smaller = small(recipe);
  const { size } = recipe.backbone;
  const views = viewsPerStep(smaller);
  const random = randomFloats(recipe.seed);
  const data = Uint8Array.from({ length: views * size * size * 3 }, () => Math.floor(256 * random()));
  const dimension = learnedDimension(recipe);
  return {
    pixels: { dtype: 'uint8', shape: [views, size, size, 3], data },
    [LOSS_INPUTS.labels]: intTensor(Array.from({ length: views }, (_, i) => Math.floor(i / SMALL.photos))),
    [LOSS_INPUTS.keys]: randomDirections(views, dimension, 3),
    [LOSS_INPUTS.queue]: randomDirections(12, dimension, 4),
  };
}
