/** `pawdex train --check-gradients`: compares the gradient of every trained weight with finite differences. */
import { checkGradients, type GradientCheck } from '../../training/autodiff/check-gradients.js';
import type { SessionOptions } from '../../training/autodiff/graph-session.js';
import type { Recipe } from '../../training/recipe/recipe-schema.js';
import { buildCheckGraph, createCheckFeeds } from '../../training/run/check-graph.js';
import { note, printLine } from '../print.js';

/** Largest relative error of a correct gradient in float32. At kinks, correct gradients can show more. */
const TOLERANCE = 2e-2;
/** A gradient this small, relative to the largest, disappears in the rounding of the loss. */
const NEGLIGIBLE = 1e-3;

/**
 * Prints one line per weight, the largest error last.
 *
 * @returns whether all gradients agree
 */
export async function checkRecipeGradients(
  recipe: Recipe,
  session: SessionOptions,
  json: boolean,
): Promise<boolean> {
  const g = await buildCheckGraph(recipe);
  note(`Comparing the gradients of ${g.graph.parameters.size} weights with finite differences`);
  const checks = await checkGradients(g.graph, {
    objective: g.loss,
    feeds: createCheckFeeds(recipe),
    elementwiseUpTo: 4,
    directions: 1,
    session,
  });
  const largest = Math.max(...checks.map(({ norm }) => norm));
  const isNegligible = (check: GradientCheck) => check.norm < NEGLIGIBLE * largest;
  const isSound = (check: GradientCheck) => check.relativeError < TOLERANCE || isNegligible(check);
  for (const check of checks.toSorted((a, b) => a.relativeError - b.relativeError)) {
    const { name, shape, compared, relativeError, norm } = check;
    if (json) {
      await printLine(JSON.stringify({ ...check, sound: isSound(check) }));
    } else {
      await printLine(
        `${relativeError.toExponential(1).padStart(8)}  ${isSound(check) ? (isNegligible(check) ? 'tiny ' : 'sound') : 'WRONG'}  |g| ${norm.toExponential(1)}  ${compared} compared  ${name} [${shape}]`,
      );
    }
  }
  const wrong = checks.filter((check) => !isSound(check)).length;
  note(wrong === 0 ? 'All gradients agree.' : `${wrong} of ${checks.length} gradients do not agree.`);
  return wrong === 0;
}
