/** Compares the gradient of every weight that a recipe trains with finite differences. */
import { checkGradients, type GradientCheck } from '../autodiff/check-gradients.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { buildCheckGraph, createCheckFeeds } from './check-graph.js';

/** Largest relative error of a correct gradient in float32. At kinks, correct gradients can show more. */
const TOLERANCE = 2e-2;
/** A gradient this small, relative to the largest, is lost in the rounding of the loss. */
const NEGLIGIBLE = 1e-3;

/** The gradient of a weight beside finite differences. */
export interface JudgedGradient extends GradientCheck {
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
): Promise<JudgedGradient[]> {
  const { graph, loss } = await buildCheckGraph(recipe);
  onStart(graph.parameters.size);
  const checks = await checkGradients(graph, {
    objective: loss,
    feeds: createCheckFeeds(recipe),
    elementwiseUpTo: 4,
    directions: 1,
    session,
  });
  const largest = Math.max(...checks.map(({ norm }) => norm));
  return checks
    .toSorted((a, b) => a.relativeError - b.relativeError)
    .map((check) => {
      const negligible = check.norm < NEGLIGIBLE * largest;
      return { ...check, sound: check.relativeError < TOLERANCE || negligible, negligible };
    });
}
