/** `pawdex train --check-gradients`: every trained weight's gradient beside finite differences. */
import { checkGradients, type GradientCheck } from '../../training/autodiff/check-gradients.js';
import type { SessionOptions } from '../../training/autodiff/graph-session.js';
import type { Recipe } from '../../training/recipe/recipe-schema.js';
import { buildCheckGraph, createCheckFeeds } from '../../training/run/check-graph.js';
import { note, printLine } from '../output.js';

/** Largest relative error of a sound gradient in float32; kinks and vanishing gradients show more without being wrong. */
const TOLERANCE = 2e-2;
/** A gradient this much smaller than the largest is lost in the rounding of the loss. */
const NEGLIGIBLE = 1e-3;

/**
 * Prints a line per weight, the worst last.
 *
 * @returns whether all gradients agree
 */
export async function checkRecipeGradients(
  recipe: Recipe,
  session: SessionOptions,
  json: boolean,
): Promise<boolean> {
  const g = await buildCheckGraph(recipe);
  note(`Comparing the gradients of ${g.graph.parameters.size} weights with finite differences ...`);
  const checks = await checkGradients(g.graph, {
    objective: g.loss,
    feeds: createCheckFeeds(recipe),
    elementwiseUpTo: 4,
    directions: 1,
    session,
  });
  const largest = Math.max(...checks.map(({ norm }) => norm));
  const negligible = (check: GradientCheck) => check.norm < NEGLIGIBLE * largest;
  const sound = (check: GradientCheck) => check.relativeError < TOLERANCE || negligible(check);
  for (const check of checks.toSorted((a, b) => a.relativeError - b.relativeError)) {
    const { name, shape, compared, relativeError, norm } = check;
    if (json) {
      await printLine(JSON.stringify({ ...check, sound: sound(check) }));
    } else {
      await printLine(
        `${relativeError.toExponential(1).padStart(8)}  ${sound(check) ? (negligible(check) ? 'tiny ' : 'sound') : 'WRONG'}  |g| ${norm.toExponential(1)}  ${compared} compared  ${name} [${shape}]`,
      );
    }
  }
  const wrong = checks.filter((check) => !sound(check)).length;
  note(wrong === 0 ? 'All gradients agree.' : `${wrong} of ${checks.length} gradients do not agree.`);
  return wrong === 0;
}
