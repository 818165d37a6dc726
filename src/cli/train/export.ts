/** The end of a training run: the encoder in float and in int8, each with its card and its quality on val. */
import path from 'node:path';
import type { LoadedCard } from '../../encoder/card.js';
import { openSession } from '../../encoder/session.js';
import { decode } from '../../image/decode.js';
import { readPhoto } from '../../image/read-photo.js';
import { getRow, type Matrix } from '../../math/matrix.js';
import type { Model } from '../../onnx/onnx-model.js';
import type { SessionOptions } from '../../training/autodiff/graph-session.js';
import { buildEncoderModel } from '../../training/export/encoder-model.js';
import { quantise } from '../../training/export/quantise/index.js';
import { writeEncoder } from '../../training/export/write-encoder.js';
import { getResizeRule } from '../../training/recipe/load-recipe.js';
import type { Recipe } from '../../training/recipe/recipe-schema.js';
import { writeTrainingCharts } from '../../training/report/write-charts.js';
import { evaluateEmbedding } from '../../training/run/evaluate-embedding.js';
import type { Quality } from '../../training/run/training-log.js';
import type { Trained } from '../../training/run/training-run.js';
import type { TrainingPhoto, TrainingSet } from '../../training/run/training-set.js';
import { note } from '../print.js';
import { showProgress } from '../progress.js';
import { showQuantisation } from '../show-quantisation.js';

/** Train photos that ranges and rounding are taken from. */
const QUANTISATION_PHOTOS = 128;
/** Images embedded at once when the written encoder is measured. */
const BATCH = 4;

export interface ExportOptions {
  maxPixels: number;
  session: SessionOptions;
  quiet: boolean;
}

/** What was written. */
export interface Exported {
  /** Card of the encoder to serve. */
  card: string;
  fingerprint: string;
  /** Share of the trained weights in it; the rest are the start's. */
  share: number;
  /** On val, against the gallery that evaluations take. */
  float: Quality;
  int8: Quality;
}

/**
 * Writes the charts of the run, `encoder-float.onnx` and, for serving, `encoder.onnx` in int8, with their cards.
 *
 * @throws PawdexError `model_invalid`, `storage_failed`
 */
export async function exportRun(
  dir: string,
  recipe: Recipe,
  set: TrainingSet,
  { network, quality, share, val, log }: Trained,
  options: ExportOptions,
): Promise<Exported> {
  const facts = {
    kernel: recipe.backbone.kernel,
    name: recipe.name,
    description: recipe.description,
    licence: recipe.licence,
    vote: recipe.vote,
    training: { recipe: withoutPaths(recipe), shareOfTrainedWeights: share },
  };
  const map = {
    vectors: val.items.map((_, row) => getRow(val.vectors, row)),
    labels: val.items.map(({ label }) => label),
  };
  await writeTrainingCharts(path.join(dir, 'charts'), { log, map });
  const float = buildEncoderModel(network);
  await writeEncoder(dir, float, { ...facts, quality: { val: quality } }, 'encoder-float');
  const model = await quantised(float, recipe, set, options);
  // Written twice: its quality is measured with the file that is served.
  const measured = await measure(
    await writeEncoder(dir, model, { ...facts, quality: {} }),
    recipe,
    set,
    options,
  );
  const { card, fingerprint } = await writeEncoder(dir, model, {
    ...facts,
    quality: { val: measured, valFloat: quality },
  });
  return {
    card: path.join(dir, card.file.replace(/onnx$/, 'json')),
    fingerprint,
    share,
    float: quality,
    int8: measured,
  };
}

/** The recipe as others read it: a file's name says what it was, its place on this machine does not. */
function withoutPaths(recipe: Recipe): Recipe {
  return { ...recipe, backbone: { ...recipe.backbone, file: recipe.backbone.file.replace(/^.*[\\/]/, '') } };
}

async function quantised(
  float: Model,
  recipe: Recipe,
  set: TrainingSet,
  { maxPixels, quiet }: ExportOptions,
): Promise<Model> {
  const rule = getResizeRule(recipe);
  const perLabel = Math.ceil(QUANTISATION_PHOTOS / set.labels.length);
  const photos: Uint8Array[] = [];
  for (const { file } of set.galleryOf(perLabel).slice(0, QUANTISATION_PHOTOS)) {
    photos.push(await decode(await readPhoto(file), rule, { maxPixels }));
  }
  const display = showQuantisation(quiet);
  const { seed } = recipe;
  const { model } = await quantise(float, photos, { seed, onProgress: display.onProgress }).finally(
    display.stop,
  );
  return model;
}

/** The quality of a written encoder, opened as the server opens it. */
async function measure(
  loaded: LoadedCard,
  recipe: Recipe,
  set: TrainingSet,
  { maxPixels, session: how, quiet }: ExportOptions,
): Promise<Quality> {
  const { input, output } = loaded.card;
  const session = await openSession(loaded, how.threads ?? 1);
  const embed = async (photos: readonly TrainingPhoto[]): Promise<Matrix> => {
    if (!quiet) {
      note('Evaluating the int8 encoder');
    }
    const display = showProgress(photos.length, quiet);
    const data = new Float32Array(photos.length * output.dimension);
    try {
      for (let first = 0; first < photos.length; first += BATCH) {
        const images = await Promise.all(
          photos
            .slice(first, first + BATCH)
            .map(async ({ file }) =>
              decode(await readPhoto(file), { size: input.size, ...input.resize }, { maxPixels }),
            ),
        );
        data.set(await session.run(images), first * output.dimension);
        display.update({ done: first + images.length });
      }
    } finally {
      display.stop();
    }
    return { data, rows: photos.length, dimension: output.dimension };
  };
  try {
    return (await evaluateEmbedding(set, recipe, embed)).quality;
  } finally {
    await session.release();
  }
}
