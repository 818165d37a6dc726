/** Evaluates embeddings on photos that were not trained on. */
import { type EmbeddedSet, takeSubset } from '../../evaluation/embed-set.js';
import { evaluate } from '../../evaluation/evaluate.js';
import { ask } from '../../evaluation/outcomes.js';
import type { Matrix } from '../../math/matrix.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import type { Quality } from './training-log.js';
import type { TrainingPhoto, TrainingSet } from './training-set.js';

/** Quality, and the photos it was measured on. */
export interface Evaluated {
  quality: Quality;
  val: EmbeddedSet;
}

/**
 * Selects the photos that an evaluation embeds: some train photos of each label as the gallery, val, and held-out
 * labels.
 */
function selectPhotos(set: TrainingSet, { evaluation }: Recipe): TrainingPhoto[] {
  return [...set.selectGallery(evaluation.galleryPerLabel), ...set.val, ...set.heldOut];
}

/**
 * Combines photos with their vectors. The file path is used as digest, because an evaluation during training reads no
 * bytes.
 */
export function createEmbeddedSet(photos: readonly TrainingPhoto[], vectors: Matrix): EmbeddedSet {
  return {
    vectors,
    items: photos.map(({ file, label }) => ({ file, label, sha256: file, metadata: {} })),
    skipped: [],
  };
}

/**
 * Compares the val photos with a gallery of train photos. Photos of held-out labels are compared with that gallery and
 * with each other, each without itself.
 *
 * @param embed embeds photos as unit vectors, in their order; the first `gallery` of them are train photos
 * @throws the errors of `embed`
 */
export async function evaluateEmbedding(
  set: TrainingSet,
  recipe: Recipe,
  embed: (photos: readonly TrainingPhoto[], gallery: number) => Promise<Matrix>,
): Promise<Evaluated> {
  const photos = selectPhotos(set, recipe);
  const ends = photos.length - set.heldOut.length;
  const begins = ends - set.val.length;
  const all = createEmbeddedSet(photos, await embed(photos, begins));
  const val = takeSubset(all, (_, row) => row >= begins && row < ends);
  const settings = { k: recipe.vote.k, answering: { temperature: recipe.vote.temperature } };
  const measure = (gallery: EmbeddedSet, queries: EmbeddedSet, leaveOneOut: boolean) =>
    evaluate(ask({ ...settings, gallery, queries, leaveOneOut }));
  const isTrain = (row: number) => row < begins;
  const isHeldOut = (row: number) => row >= ends;
  const onVal = measure(
    takeSubset(all, (_, row) => isTrain(row)),
    val,
    false,
  );
  const unseen =
    set.heldOut.length === 0
      ? null
      : measure(
          takeSubset(all, (_, row) => isTrain(row) || isHeldOut(row)),
          takeSubset(all, (_, row) => isHeldOut(row)),
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
