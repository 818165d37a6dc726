import { describe, expect, it } from 'vitest';
import { adaptToSet } from '../../../src/training/recipe/build-recipe.js';
import { completeRecipe } from '../../../src/training/recipe/load-recipe.js';

const recipe = completeRecipe(
  {
    name: 'test',
    backbone: { file: 'x.onnx', size: 64, pixels: { mean: 0, std: 1 } },
    head: { dimension: 256, general: { dimension: 128, constant: 0.7 } },
    losses: [{ kind: 'sup-con' }],
    batch: { labels: 32, photos: 2 },
  },
  'r',
);

describe('adaptToSet', () => {
  it('leaves a recipe alone if the set is large enough', () => {
    expect(adaptToSet(recipe, { labels: 81, gallery: 3000 })).toEqual(recipe);
  });

  it('uses the labels there are, and as many components as the photos have', () => {
    const adapted = adaptToSet(recipe, { labels: 6, gallery: 78 });
    expect(adapted.batch).toEqual({ ...recipe.batch, labels: 6 });
    // 77 principal components and the constant.
    expect(adapted.head).toMatchObject({ dimension: 256, general: { dimension: 78 } });
  });

  it('keeps chunks and queues that fit the smaller batch', () => {
    const settings = { ...recipe, head: {}, batch: { labels: 32, photos: 2, chunk: 32 } };
    for (const losses of [[{ kind: 'sup-con' }], [{ kind: 'moco' }], [{ kind: 'nt-xent' }]]) {
      const large = completeRecipe({ ...settings, losses }, 'r');
      for (let labels = 2; labels < 40; labels++) {
        const adapted = adaptToSet(large, { labels, gallery: 100 });
        // Throws if a chunk does not divide the batch, or the batch the queue.
        expect(completeRecipe(adapted, 'r').batch.labels).toBe(Math.min(labels, 32));
      }
      expect(adaptToSet(large, { labels: 32, gallery: 100 })).toEqual(large);
    }
  });

  it('omits the general part if there are too few photos', () => {
    expect(adaptToSet(recipe, { labels: 2, gallery: 1 }).head.general).toBeUndefined();
  });
});
