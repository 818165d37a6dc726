/** Adapts the shipped recipe to a set that is smaller than the one it was made for. */
import type { Recipe } from './recipe-schema.js';

/** The size of a training set. */
export interface SetSize {
  /** Labels to train on. */
  labels: number;
  /** Photos in the gallery of an evaluation, which the general part of the head is fitted on. */
  gallery: number;
}

/**
 * Lowers the labels per batch to the number of labels, and the general part of the head to what the gallery allows. The
 * dimension of the embedding stays.
 */
export function adaptToSet(recipe: Recipe, { labels, gallery }: SetSize): Recipe {
  const { batch, head } = recipe;
  return {
    ...recipe,
    batch: { ...batch, labels: Math.min(batch.labels, labels) },
    head: { ...head, general: lowerGeneral(head.general, gallery) },
  };
}

function lowerGeneral(general: Recipe['head']['general'], gallery: number): typeof general {
  if (general === undefined) {
    return undefined;
  }
  // n photos have n - 1 principal components. The constant is not a component.
  const most = gallery - 1 + (general.constant > 0 ? 1 : 0);
  return most < 2 ? undefined : { ...general, dimension: Math.min(general.dimension, most) };
}
