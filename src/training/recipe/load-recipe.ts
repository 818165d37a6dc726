/** Reading and checking recipes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import type { ResizeRule } from '../../image/decode.js';
import { countComponents } from '../head/general-part.js';
import { SMALL_NETWORK } from '../network/backbone.js';
import { type Recipe, recipeSchema } from './recipe-schema.js';

/** Settings as a recipe file has them: any part may be missing. */
export type PartialRecipe = Record<string, unknown>;

/**
 * Reads a recipe file, YAML or JSON; a backbone named in it is relative to it.
 *
 * @throws PawdexError `config_invalid` when it cannot be read or is not a mapping
 */
export async function readRecipe(file: string): Promise<PartialRecipe> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new PawdexError('config_invalid', {
      detail: `Cannot read the recipe ${file}: ${cause.code}.`,
      cause,
    });
  });
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw new PawdexError('config_invalid', { detail: `${file}: ${(cause as Error).message}`, cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new PawdexError('config_invalid', { detail: `${file} is not a mapping of settings.` });
  }
  const { backbone } = content as { backbone?: unknown };
  const isNamed = typeof backbone === 'object' && backbone !== null && 'file' in backbone;
  if (isNamed && typeof backbone.file === 'string' && backbone.file !== SMALL_NETWORK) {
    Object.assign(backbone, { file: path.resolve(path.dirname(file), backbone.file) });
  }
  return content as PartialRecipe;
}

/**
 * Fills in the defaults and checks that the settings go together.
 *
 * @param what names the recipe in messages
 * @throws PawdexError `config_invalid` with every field that is wrong
 */
export function completeRecipe(partial: PartialRecipe, what: string): Recipe {
  const parsed = recipeSchema.safeParse(partial);
  if (!parsed.success) {
    throw createRecipeError(`${what}:\n${z.prettifyError(parsed.error)}`);
  }
  const recipe = parsed.data;
  const kinds = recipe.losses.map(({ kind }) => kind);
  const labelled = kinds.filter((kind) => !LABEL_FREE.has(kind));
  if (labelled.length > 0 && labelled.length < kinds.length) {
    throw createRecipeError(
      `${what}: ${kinds.join(' and ')} cannot be mixed: one of them takes two views of each photo.`,
    );
  }
  if (new Set(kinds).size < kinds.length) {
    throw createRecipeError(`${what}: a loss is named twice; use its weight.`);
  }
  if (kinds.includes('info-nce') && recipe.batch.photos !== 2) {
    throw createRecipeError(
      `${what}: info-nce takes pairs, so batch.photos must be 2, not ${recipe.batch.photos}.`,
    );
  }
  if (kinds.includes('sup-con') && recipe.batch.photos < 2) {
    throw createRecipeError(`${what}: with one photo per label in a batch, sup-con has no positives.`);
  }
  const { chunk } = recipe.batch;
  if (chunk !== undefined && countViewsPerStep(recipe) % chunk !== 0) {
    throw createRecipeError(
      `${what}: a batch of ${countViewsPerStep(recipe)} views is not made of chunks of ${chunk}.`,
    );
  }
  const moco = recipe.losses.find((term) => term.kind === 'moco');
  if (moco !== undefined && moco.queue % countPhotosPerStep(recipe) !== 0) {
    throw createRecipeError(
      `${what}: a queue of ${moco.queue} is not made of batches of ${countPhotosPerStep(recipe)} keys.`,
    );
  }
  if (recipe.keptViews > 0 && isLabelFree(recipe)) {
    throw createRecipeError(
      `${what}: keptViews is for losses with labels; label-free ones need new pairs of views.`,
    );
  }
  if (countLearned(recipe) < 2) {
    throw createRecipeError(
      `${what}: of ${recipe.head.dimension} numbers, ${recipe.head.general?.dimension} are general; two or more have to be learned.`,
    );
  }
  if (recipe.head.general?.features === 'distilled') {
    const { start } = recipe.head;
    if (start === 'random') {
      throw createRecipeError(
        `${what}: a network of random weights has nothing to distil; leave head.start at fitted.`,
      );
    }
    if (moco !== undefined) {
      throw createRecipeError(`${what}: moco's keys have no distilled part.`);
    }
  }
  if (recipe.head.start === 'random' && recipe.average.some((share) => share < 1)) {
    throw createRecipeError(
      `${what}: an average with random start weights is of no use; leave \`average\` at [1].`,
    );
  }
  return recipe;
}

const LABEL_FREE: ReadonlySet<string> = new Set(['nt-xent', 'moco']);

/** Whether the losses take two views of each photo and no labels. */
export function isLabelFree({ losses }: Recipe): boolean {
  return LABEL_FREE.has(losses[0]!.kind);
}

/** How photos come to the backbone's input, in training and when the encoder serves. */
export function getResizeRule({ backbone: { size, kernel } }: Recipe): ResizeRule {
  return { size, fit: 'cover', kernel };
}

/** Numbers of an embedding that the losses see. */
export function countLearned({ head }: Recipe): number {
  return head.dimension - (head.general?.dimension ?? 0);
}

/** Numbers that the head gives while it is trained: those that the losses see, and those that are distilled. */
export function countHeadOutputs(recipe: Recipe): number {
  const { general } = recipe.head;
  return countLearned(recipe) + (general?.features === 'distilled' ? countComponents(general) : 0);
}

/** Photos of one step. */
export function countPhotosPerStep({ batch }: Recipe): number {
  return batch.labels * batch.photos;
}

/** Views of one step that go through the trained network; MoCo's second views go through the momentum encoder. */
export function countViewsPerStep(recipe: Recipe): number {
  return countPhotosPerStep(recipe) * (recipe.losses[0]!.kind === 'nt-xent' ? 2 : 1);
}

/** The recipe as the text of a file. */
export function formatRecipe(recipe: Recipe): string {
  return stringify(recipe);
}

function createRecipeError(detail: string): PawdexError {
  return new PawdexError('config_invalid', {
    detail,
    hint: 'docs/training.md lists every setting of a recipe.',
  });
}
