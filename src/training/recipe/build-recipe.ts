/** Combines a recipe file with settings that override it, as `pawdex train` takes them from flags. */
import path from 'node:path';
import { PACKAGE_ROOT } from '../../config.js';
import { PawdexError } from '../../errors.js';
import { readBackbone, SMALL_NETWORK } from '../network/backbone.js';
import { requireImageInput } from '../network/network.js';
import {
  completeRecipe,
  countPhotosPerStep,
  countViewsPerStep,
  type PartialRecipe,
  RECIPE_FILE,
  readRecipe,
} from './load-recipe.js';
import type { Recipe } from './recipe-schema.js';

/** The recipe of the shipped encoder, which applies if neither a recipe nor a run to resume is given. */
const SHIPPED_RECIPE = path.join(PACKAGE_ROOT, 'models', 'recipe.yaml');

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
export async function buildRecipe(
  source: RecipeSource,
): Promise<{ recipe: Recipe; arePixelsAssumed: boolean }> {
  const { resumed, name, overrides } = source;
  const file = source.file ?? (resumed === undefined ? undefined : path.join(resumed, RECIPE_FILE));
  const partial = await readRecipe(file ?? SHIPPED_RECIPE);
  if (file === undefined) {
    adaptShippedRecipe(partial, name, overrides);
  }
  applySettings(partial, overrides);
  let arePixelsAssumed = false;
  if (overrides.backbone !== undefined) {
    const section = source.file === undefined ? null : getSection(partial, 'backbone');
    ({ section: partial.backbone, arePixelsAssumed } = await adaptBackbone(overrides.backbone, section));
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
  const omitUndefined = (settings: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  Object.assign(partial, {
    batch: { ...getSection(partial, 'batch'), ...omitUndefined({ labels, photos, chunk }) },
    optimiser: { ...getSection(partial, 'optimiser'), ...omitUndefined({ learningRate }) },
    ...omitUndefined({
      epochs,
      seed,
      losses: loss && [{ kind: loss }],
      freeze: freeze === undefined ? undefined : { layers: freeze },
    }),
  });
}

/** Default side of the small network's input, in pixels. */
const SMALL_NETWORK_SIZE = 64;
/** Mean and standard deviation of ImageNet's pixels, 0..255, with which most networks were trained. */
const IMAGENET = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };

/**
 * Creates the backbone section of a recipe for another file, whose input size is read from it. For the recipe's own
 * file, the section stays as it is.
 *
 * @param file ONNX file
 * @param current the recipe's own section, whose other settings are kept; null if there is none
 * @returns the section, and whether the scaling of pixels is assumed
 * @throws PawdexError file_unreadable, model_invalid; config_invalid when the input size is unknown
 */
export async function adaptBackbone(
  file: string,
  current: Record<string, unknown> | null,
): Promise<{ section: Record<string, unknown>; arePixelsAssumed: boolean }> {
  const absolute = file === SMALL_NETWORK ? file : path.resolve(file);
  if (current?.file === absolute && 'size' in current && 'pixels' in current) {
    return { section: current, arePixelsAssumed: false };
  }
  const { shape } = requireImageInput(
    await readBackbone(absolute, { size: SMALL_NETWORK_SIZE, padding: 'stored', seed: 0 }),
  );
  const size = typeof shape[2] === 'number' ? shape[2] : current?.size;
  if (size === undefined) {
    throw new PawdexError('config_invalid', {
      detail: `${file} does not say what image size it takes.`,
      hint: 'Set backbone.size in a recipe.',
    });
  }
  // The padding of one network says nothing about another.
  const { padding: _padding, ...others } = current ?? {};
  const section = { ...others, file: absolute, size, pixels: current?.pixels ?? IMAGENET };
  return { section, arePixelsAssumed: current?.pixels === undefined };
}

/**
 * Lowers the labels per batch to the number of labels, and the general part of the head to what the gallery allows. The
 * dimension of the embedding stays. Chunks and MoCo's queue are lowered to what fits the smaller batch.
 *
 * @param size labels to train on, and photos in the gallery of an evaluation, on which the general part is fitted
 */
export function adaptToSet(recipe: Recipe, { labels, gallery }: { labels: number; gallery: number }): Recipe {
  const { batch, head, losses } = recipe;
  const adapted = {
    ...recipe,
    batch: { ...batch, labels: Math.min(batch.labels, labels) },
    head: { ...head, general: lowerGeneral(head.general, gallery) },
  };
  const [photos, views] = [countPhotosPerStep(adapted), countViewsPerStep(adapted)];
  return {
    ...adapted,
    batch: { ...adapted.batch, chunk: lowerChunk(batch.chunk, views) },
    losses: losses.map((term) =>
      term.kind === 'moco' ? { ...term, queue: Math.max(photos, term.queue - (term.queue % photos)) } : term,
    ),
  };
}

/** Lowers a chunk to the next divisor of the views in a batch. */
function lowerChunk(chunk: number | undefined, views: number): number | undefined {
  let lowered = chunk;
  while (lowered !== undefined && views % lowered !== 0) {
    lowered--;
  }
  return lowered;
}

function lowerGeneral(general: Recipe['head']['general'], gallery: number): typeof general {
  if (general === undefined) {
    return undefined;
  }
  // n photos have n - 1 principal components. The constant is not a component.
  const maxDimension = gallery - 1 + (general.constant > 0 ? 1 : 0);
  return maxDimension < 2 ? undefined : { ...general, dimension: Math.min(general.dimension, maxDimension) };
}
