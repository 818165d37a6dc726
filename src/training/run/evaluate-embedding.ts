/** Evaluates embeddings on photos that were not trained on. */
import { type EmbeddedSet, takeSubset } from '../../evaluation/embed-set.js';
import { evaluate } from '../../evaluation/evaluate.js';
import { runQueries } from '../../evaluation/run-queries.js';
import type { Matrix } from '../../math/matrix.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import type { Quality } from './training-log.js';
import type { TrainingPhoto, TrainingSet } from './training-set.js';

export interface Evaluation {
  quality: Quality;
  /** The photos that it was measured on. */
  val: EmbeddedSet;
}

/**
 * Combines photos with their vectors. The file path is used as digest, because an evaluation during training reads no
 * bytes.
 */
export function createEmbeddedSet(photos: readonly TrainingPhoto[], vectors: Matrix): EmbeddedSet {
  return {
    vectors,
    items: photos.map(({ file, label }) => ({ file, label, sha256: file, metadata: {} })),
  };
}

/**
 * Compares the val photos with a gallery of some train photos of each label. Photos of held-out labels are compared with
 * that gallery and with each other, each without itself.
 *
 * @param embed embeds photos as unit vectors, in their order; the first `gallery` of them are train photos
 * @throws the errors of `embed`
 */
export async function evaluateEmbedding(
  set: TrainingSet,
  recipe: Recipe,
  embed: (photos: readonly TrainingPhoto[], gallery: number) => Promise<Matrix>,
): Promise<Evaluation> {
  const gallery = set.selectGallery(recipe.evaluation.galleryPerLabel);
  const photos = [...gallery, ...set.val, ...set.heldOut];
  const isGallery = (row: number) => row < gallery.length;
  const isHeldOut = (row: number) => row >= gallery.length + set.val.length;
  const isVal = (row: number) => !isGallery(row) && !isHeldOut(row);
  const embeddings = createEmbeddedSet(photos, await embed(photos, gallery.length));
  const select = (isSelected: (row: number) => boolean) =>
    takeSubset(embeddings, (_, row) => isSelected(row));
  const settings = { k: recipe.vote.k, answering: { temperature: recipe.vote.temperature } };
  const measure = (gallery: EmbeddedSet, queries: EmbeddedSet, leaveOneOut: boolean) =>
    evaluate(runQueries({ ...settings, gallery, queries, leaveOneOut }));
  const val = select(isVal);
  const onVal = measure(select(isGallery), val, false);
  const unseen =
    set.heldOut.length === 0
      ? null
      : measure(
          select((row) => !isVal(row)),
          select(isHeldOut),
          true,
        );
  return {
    quality: {
      top1: onVal.top1 ?? 0,
      recallAt1: onVal.recallAt[1] ?? 0,
      unseenRecallAt1: unseen?.recallAt[1] ?? null,
    },
    val,
  };
}
