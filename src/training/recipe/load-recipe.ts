/** Reads and checks recipes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { type ErrorDetails, PawdexError } from '../../errors.js';
import { checkFields } from '../../files/check-fields.js';
import { createUnreadableError } from '../../files/open-file.js';
import type { ResizeRule } from '../../image/decode.js';
import { SMALL_NETWORK } from '../network/backbone.js';
import { type Recipe, recipeSchema } from './recipe-schema.js';

const HINT = 'Compare the recipe with docs/training.md, which lists every setting.';

/** The recipe in the folder of a run. */
export const RECIPE_FILE = 'recipe.yaml';

/** Settings as in a recipe file, where any part may be missing. */
export type PartialRecipe = Record<string, unknown>;

/**
 * Reads a recipe file, YAML or JSON. A path of a backbone is relative to the file.
 *
 * @throws PawdexError config_invalid when it cannot be read or is not a mapping
 */
export async function readRecipe(file: string): Promise<PartialRecipe> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new PawdexError('config_invalid', {
      detail: `The recipe ${file}: ${createUnreadableError(cause).detail}`,
      hint: 'Check the path.',
      cause,
    });
  });
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    // The lines after the first draw the place with an arrow.
    const [summary = ''] = (cause as Error).message.split(/:?\n/);
    throw createRecipeError({ detail: `${file}: ${summary}.`, cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw createRecipeError({ detail: `${file} is not a mapping of settings.` });
  }
  const { backbone } = content as { backbone?: unknown };
  const hasFile = typeof backbone === 'object' && backbone !== null && 'file' in backbone;
  if (hasFile && typeof backbone.file === 'string' && backbone.file !== SMALL_NETWORK) {
    Object.assign(backbone, { file: path.resolve(path.dirname(file), backbone.file) });
  }
  return content as PartialRecipe;
}

/**
 * Fills in the defaults and checks that the settings are consistent.
 *
 * @param what names the recipe in messages
 * @throws PawdexError config_invalid with every field that is wrong
 */
export function completeRecipe(partial: PartialRecipe, what: string): Recipe {
  const recipe = checkFields(recipeSchema, partial, what, 'config_invalid', HINT);
  const fault = findLossFault(recipe) ?? findBatchFault(recipe) ?? findHeadFault(recipe);
  if (fault !== undefined) {
    throw createRecipeError({ detail: `${what}: ${fault}` });
  }
  return recipe;
}

function findLossFault({ losses, batch }: Recipe): string | undefined {
  const kinds = losses.map(({ kind }) => kind);
  const labelled = kinds.filter((kind) => !LABEL_FREE.has(kind));
  if (labelled.length > 0 && labelled.length < kinds.length) {
    return `${kinds.join(' and ')} cannot be combined: one of them takes two views of each photo.`;
  }
  if (new Set(kinds).size < kinds.length) {
    return 'a loss is listed twice; use its weight instead.';
  }
  if (kinds.includes('info-nce') && batch.photos !== 2) {
    return `info-nce takes pairs, so batch.photos must be 2, not ${batch.photos}.`;
  }
  if (kinds.includes('sup-con') && batch.photos < 2) {
    return 'with one photo per label in a batch, sup-con has no positives.';
  }
  return undefined;
}

function findBatchFault(recipe: Recipe): string | undefined {
  const { chunk } = recipe.batch;
  if (chunk !== undefined && countViewsPerStep(recipe) % chunk !== 0) {
    return `batch.chunk ${chunk} does not divide a batch of ${countViewsPerStep(recipe)} views.`;
  }
  const moco = recipe.losses.find((term) => term.kind === 'moco');
  if (moco !== undefined && moco.queue % countPhotosPerStep(recipe) !== 0) {
    return `a queue of ${moco.queue} is not a multiple of the ${countPhotosPerStep(recipe)} keys in a batch.`;
  }
  if (recipe.keptViews > 0 && isLabelFree(recipe)) {
    return 'keptViews needs losses with labels; losses without labels need new pairs of views.';
  }
  return undefined;
}

function findHeadFault(recipe: Recipe): string | undefined {
  const { dimension, general, start } = recipe.head;
  if (countLearned(recipe) < 2) {
    return `of ${dimension} numbers, ${general?.dimension} are general; at least two have to be learned.`;
  }
  if (start === 'random' && recipe.average.some((share) => share < 1)) {
    return 'averaging with random weights is useless; leave `average` at [1].';
  }
  return undefined;
}

const LABEL_FREE: ReadonlySet<string> = new Set(['nt-xent', 'moco']);

/** Whether the losses take two views of each photo and no labels. */
export function isLabelFree({ losses }: Recipe): boolean {
  return LABEL_FREE.has(losses[0]!.kind);
}

/** Returns how photos are resized for the backbone, in training and in the server. */
export function getResizeRule({ backbone: { size, kernel } }: Recipe): ResizeRule {
  return { size, fit: 'cover', kernel };
}

/** Counts the numbers of an embedding that the losses train. */
export function countLearned({ head }: Recipe): number {
  return head.dimension - (head.general?.dimension ?? 0);
}

export function countPhotosPerStep({ batch }: Recipe): number {
  return batch.labels * batch.photos;
}

/** Counts the views of one step in the trained network. MoCo's second views go through the momentum encoder instead. */
export function countViewsPerStep(recipe: Recipe): number {
  return countPhotosPerStep(recipe) * (recipe.losses[0]!.kind === 'nt-xent' ? 2 : 1);
}

export function formatRecipe(recipe: Recipe): string {
  return stringify(recipe);
}

function createRecipeError(details: ErrorDetails): PawdexError {
  return new PawdexError('config_invalid', {
    ...details,
    hint: HINT,
  });
}
