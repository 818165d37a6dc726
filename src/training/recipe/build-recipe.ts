/** Combines a recipe file with settings that override it, as `pawdex train` takes them from flags. */
import path from 'node:path';
import { PACKAGE_ROOT } from '../../config.js';
import { adaptBackbone } from './adapt-backbone.js';
import { completeRecipe, type PartialRecipe, RECIPE_FILE, readRecipe } from './load-recipe.js';
import type { Recipe } from './recipe-schema.js';

/** The recipe of the shipped encoder, which applies if neither a recipe nor a run to resume is given. */
const SHIPPED_RECIPE = path.join(PACKAGE_ROOT, 'models', 'recipe.yaml');

/** Settings that override the recipe. */
export interface RecipeOverrides {
  /** Path of an ONNX network to start from. */
  backbone?: string;
  loss?: string;
  epochs?: number;
  /** Layers to freeze, counted from the input. */
  freeze?: number;
  /** Labels per batch. */
  labels?: number;
  /** Photos per label in a batch. */
  photos?: number;
  chunk?: number;
  seed?: number;
  learningRate?: number;
}

/** Where the recipe comes from. */
export interface RecipeSource {
  /** A recipe file. */
  file?: string;
  /** Folder of a run to resume, whose recipe applies unless `file` is given. */
  resumed?: string;
  /** Name of the new encoder, used with the shipped recipe. */
  name: string;
  overrides: RecipeOverrides;
}

/**
 * Reads the recipe and applies the overrides.
 *
 * @returns the recipe, and whether the normalisation of pixels was assumed because neither the backbone nor the recipe
 *   says which one it needs
 * @throws PawdexError config_invalid, model_invalid, file_unreadable
 */
export async function buildRecipe({
  file: given,
  resumed,
  name,
  overrides,
}: RecipeSource): Promise<{ recipe: Recipe; arePixelsAssumed: boolean }> {
  const file = given ?? (resumed === undefined ? undefined : path.join(resumed, RECIPE_FILE));
  const partial = await readRecipe(file ?? SHIPPED_RECIPE);
  if (file === undefined) {
    adaptShippedRecipe(partial, name, overrides);
  }
  applySettings(partial, overrides);
  let arePixelsAssumed = false;
  if (overrides.backbone !== undefined) {
    const known = given === undefined ? null : getSection(partial, 'backbone');
    const { settings, assumed } = await adaptBackbone(overrides.backbone, known);
    partial.backbone = settings;
    arePixelsAssumed = assumed;
  }
  return { recipe: completeRecipe(partial, file ?? 'The settings'), arePixelsAssumed };
}

function getSection(partial: PartialRecipe, key: string): Record<string, unknown> {
  return (partial[key] ?? {}) as Record<string, unknown>;
}

/** Removes settings that belong to the shipped encoder, or that only suit its losses and frozen layers. */
function adaptShippedRecipe(partial: PartialRecipe, name: string, overrides: RecipeOverrides): void {
  Object.assign(partial, { name, description: '' });
  const { loss, freeze, backbone, epochs } = overrides;
  if ([loss, freeze, backbone].some((override) => override !== undefined)) {
    Object.assign(partial, { keptViews: 0, soup: 1, head: {}, average: [1], vote: {}, evaluation: {} });
  }
  if (backbone !== undefined) {
    partial.freeze = {};
  }
  // Train exactly this many epochs, without the rounds that the shipped recipe averages.
  if (epochs !== undefined) {
    partial.soup = 1;
  }
}

function applySettings(partial: PartialRecipe, overrides: RecipeOverrides): void {
  const { labels, photos, chunk, learningRate, loss, epochs, seed, freeze } = overrides;
  const apply = (key: string, settings: Record<string, unknown>) => {
    const defined = Object.entries(settings).filter(([, value]) => value !== undefined);
    if (defined.length > 0) {
      partial[key] = { ...getSection(partial, key), ...Object.fromEntries(defined) };
    }
  };
  apply('batch', { labels, photos, chunk });
  apply('optimiser', { learningRate });
  const replaced = {
    losses: loss === undefined ? undefined : [{ kind: loss }],
    freeze: freeze === undefined ? undefined : { layers: freeze },
    epochs,
    seed,
  };
  Object.assign(
    partial,
    Object.fromEntries(Object.entries(replaced).filter(([, value]) => value !== undefined)),
  );
}
