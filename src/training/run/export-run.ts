/** Exports a trained network: the encoder in float and in int8, each with its card and its quality on val. */
import path from 'node:path';
import { openSession } from '../../encoder/encoder-session.js';
import type { LoadedCard } from '../../encoder/model-card.js';
import { decode } from '../../image/decode.js';
import { readPhoto } from '../../image/read-photo.js';
import type { Matrix } from '../../math/matrix.js';
import type { Model } from '../../onnx/onnx-model.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { buildEncoderModel } from '../export/encoder-model.js';
import { quantise } from '../export/quantise/quantise-model.js';
import { writeEncoder } from '../export/write-encoder.js';
import type { PhaseReport } from '../phase-report.js';
import { getResizeRule } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { writeTrainingCharts } from '../report/write-charts.js';
import { evaluateEmbedding } from './evaluate-embedding.js';
import type { Quality } from './training-log.js';
import type { TrainedNetwork } from './training-run.js';
import type { TrainingPhoto, TrainingSet } from './training-set.js';

/** Train photos to quantise with. */
const QUANTISATION_PHOTOS = 128;
/** Images per run when the written encoder is measured: a server's largest batch. */
const BATCH = 4;

export interface ExportOptions {
  maxPixels: number;
  session: SessionOptions;
  report?: PhaseReport;
}

export interface ExportedEncoder {
  /** Model card of the encoder to serve. */
  card: string;
  fingerprint: string;
  /** Share of the trained weights in it. The rest are the initial weights. */
  share: number;
  /** Quality on val, with the gallery of evaluations. */
  float: Quality;
  int8: Quality;
}

/**
 * Writes the charts of the run, `encoder-float.onnx` and, for serving, `encoder.onnx` in int8, with their cards.
 *
 * @throws PawdexError model_invalid, storage_failed
 */
export async function exportRun(
  dir: string,
  recipe: Recipe,
  set: TrainingSet,
  { network, quality, share, val, log }: TrainedNetwork,
  options: ExportOptions,
): Promise<ExportedEncoder> {
  const facts = {
    kernel: recipe.backbone.kernel,
    name: recipe.name,
    description: recipe.description,
    licence: recipe.licence,
    vote: recipe.vote,
    training: { recipe: removePaths(recipe), shareOfTrainedWeights: share },
  };
  const map = { vectors: val.vectors, labels: val.items.map(({ label }) => label) };
  await writeTrainingCharts(path.join(dir, 'charts'), log, map);
  const float = buildEncoderModel(network);
  await writeEncoder(dir, float, { ...facts, quality: { val: quality } }, 'encoder-float');
  const model = await quantiseOnSet(float, recipe, set, options);
  // Written twice, because the quality is measured with the file that is served.
  const draft = await writeEncoder(dir, model, { ...facts, quality: {} });
  const int8Quality = await measureEncoder(draft, recipe, set, options);
  const { card, fingerprint } = await writeEncoder(dir, model, {
    ...facts,
    quality: { val: int8Quality, valFloat: quality },
  });
  return {
    card: path.join(dir, card.file.replace(/onnx$/, 'json')),
    fingerprint,
    share,
    float: quality,
    int8: int8Quality,
  };
}

/** Removes paths of this machine from a recipe. The name of a file stays. */
function removePaths(recipe: Recipe): Recipe {
  return { ...recipe, backbone: { ...recipe.backbone, file: recipe.backbone.file.replace(/^.*[\\/]/, '') } };
}

async function quantiseOnSet(
  float: Model,
  recipe: Recipe,
  set: TrainingSet,
  { maxPixels, report }: ExportOptions,
): Promise<Model> {
  const rule = getResizeRule(recipe);
  const perLabel = Math.ceil(QUANTISATION_PHOTOS / set.labels.length);
  const photos: Uint8Array[] = [];
  for (const { file } of set.selectGallery(perLabel).slice(0, QUANTISATION_PHOTOS)) {
    photos.push(await decode(await readPhoto(file), rule, { maxPixels }));
  }
  const { model } = await quantise(float, photos, { seed: recipe.seed, report });
  return model;
}

/** Measures the quality of a written encoder, opened as the server opens it. */
async function measureEncoder(
  encoder: LoadedCard,
  recipe: Recipe,
  set: TrainingSet,
  { maxPixels, session: { threads = 1 }, report }: ExportOptions,
): Promise<Quality> {
  const { input, output } = encoder.card;
  const rule = { size: input.size, ...input.resize };
  const session = await openSession(encoder, threads);
  const embed = async (photos: readonly TrainingPhoto[]): Promise<Matrix> => {
    report?.beginPhase('Evaluating the int8 encoder', photos.length);
    const data = new Float32Array(photos.length * output.dimension);
    for (let first = 0; first < photos.length; first += BATCH) {
      const batch = photos.slice(first, first + BATCH);
      const images = await Promise.all(
        batch.map(async ({ file }) => decode(await readPhoto(file), rule, { maxPixels })),
      );
      data.set(await session.run(images), first * output.dimension);
      report?.updatePhase(first + images.length);
    }
    return { data, rows: photos.length, dimension: output.dimension };
  };
  try {
    return (await evaluateEmbedding(set, recipe, embed)).quality;
  } finally {
    await session.release();
  }
}
