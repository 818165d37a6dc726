/** Converts a float encoder to the int8 encoder that is served. */
import '../../../encoder/no-telemetry.js';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { PawdexError } from '../../../errors.js';
import { computeDot } from '../../../math/vectors.js';
import { type Model, readModel, writeModel } from '../../../onnx/onnx-model.js';
import { GraphSession } from '../../autodiff/graph-session.js';
import type { PhaseReport } from '../../phase-report.js';
import { fitAffine } from './activation-range.js';
import { createPhotoFeeds, type Feed, observeActivations, observeShapes } from './observe-activations.js';
import { planQuantisation, type QuantisationPlan } from './quantisation-plan.js';
import { roundConvolutions } from './round-convolutions.js';
import { writeQdq } from './write-qdq.js';

export interface QuantiseOptions {
  /** Seed of the choice of positions that rounding looks at. Default: 0. */
  readonly seed?: number;
  readonly report?: PhaseReport;
}

export interface QuantisedEncoder {
  /** The same input and output as the float encoder. */
  readonly model: Model;
  readonly convolutions: number;
  /** Cosine of float and quantised embedding over the photos. */
  readonly agreement: { readonly mean: number; readonly least: number };
}

/**
 * Quantises a float encoder for the CPU: static, in QDQ form. Convolutions and residual additions run on integers,
 * with 7-bit weights per channel and 8-bit activations. The rest, from the pooled features on, stays float.
 *
 * Activation ranges minimise the squared error over the photos. Weights are rounded by GPTQ, and the bias is
 * corrected. Memory holds the 8-bit tensors between two convolutions for all photos (2 MB per photo for
 * EfficientNet-Lite2 at 260 px), and the float tensors of one photo.
 *
 * @param encoder of `buildEncoderModel`: pixels uint8 [batch, S, S, 3] -> float32 [batch, D], operator set 13 or newer
 * @param photos decoded training photos, uint8 [S, S, 3] each; 128 photos spread over the labels are enough
 * @throws PawdexError model_invalid when there is no convolution to quantise, the encoder is quantised already, or
 *   onnxruntime cannot run the encoder; set_invalid without photos
 * @example
 *   const { model } = await quantise(buildEncoderModel({ backbone, size, pixels, head }), photos);
 *   await writeEncoder('out', model, facts);
 */
export async function quantise(
  encoder: Model,
  photos: readonly Uint8Array[],
  { seed = 0, report }: QuantiseOptions = {},
): Promise<QuantisedEncoder> {
  if (encoder.nodes.some(({ op }) => op === 'QuantizeLinear')) {
    throw new PawdexError('model_invalid', {
      detail: 'The encoder is already quantised.',
      hint: 'Quantise the float encoder that it was made from.',
    });
  }
  const model = await prepareEncoder(encoder);
  const feeds = createPhotoFeeds(model, photos);
  const plan = await planForShapes(model, feeds[0]);
  report?.beginPhase('Measuring activation ranges', 2 * feeds.length);
  let done = 0;
  const { histograms, means } = await observeActivations(
    model,
    [...new Set(plan.rounded.values())],
    plan.convolutions.map(({ outputs }) => outputs[0] ?? ''),
    feeds,
    () => report?.updatePhase(++done),
  );
  const affines = new Map([...histograms].map(([name, histogram]) => [name, fitAffine(histogram)]));
  const quantised = writeQdq(model, plan, affines);
  report?.beginPhase('Rounding weights', plan.convolutions.length, 'layer');
  done = 0;
  await roundConvolutions(quantised, model.initialisers, means, feeds, seed, () =>
    report?.updatePhase(++done),
  );
  const { convolutions, ...int8 } = quantised;
  return {
    model: int8,
    convolutions: convolutions.length,
    agreement: await measureAgreement(model, int8, feeds),
  };
}

/** @throws PawdexError set_invalid without a photo, model_invalid when there is nothing to quantise */
async function planForShapes(model: Model, photo: Feed | undefined): Promise<QuantisationPlan> {
  if (photo === undefined) {
    throw new PawdexError('set_invalid', { detail: 'Quantisation needs at least one photo.' });
  }
  const sized = model.nodes
    .filter(({ op }) => op === 'Conv' || op === 'Add')
    .map(({ outputs }) => outputs[0] ?? '');
  const plan = planQuantisation(model, await observeShapes(model, sized, photo));
  if (plan.convolutions.length === 0) {
    throw new PawdexError('model_invalid', {
      detail: 'The encoder has no 2-D convolution with constant weights, so there is nothing to quantise.',
      hint: 'Serve the float encoder as it is.',
    });
  }
  return plan;
}

async function measureAgreement(
  float: Model,
  quantised: Model,
  feeds: readonly Feed[],
): Promise<QuantisedEncoder['agreement']> {
  const name = float.outputs[0]?.name ?? '';
  const embedAll = (model: Model) =>
    GraphSession.use(writeModel(model), {}, async (session) => {
      const embeddings: Float32Array[] = [];
      for (const feed of feeds) {
        embeddings.push((await session.run(feed))[name]?.data as Float32Array);
      }
      return embeddings;
    });
  const [before, after] = [await embedAll(float), await embedAll(quantised)];
  const cosines = before.map((embedding, i) => computeDot(embedding, after[i]!));
  return { mean: cosines.reduce((a, b) => a + b) / cosines.length, least: Math.min(...cosines) };
}

/** The first operator set that can dequantise weights per channel. */
const PER_CHANNEL_OPSET = 13;

/**
 * Folds constants and batch normalisation into the convolutions and removes nodes that compute nothing. These are
 * onnxruntime's basic optimisations, which its own quantisation tool recommends to run first.
 *
 * @returns an equivalent model with the same inputs and outputs
 * @throws PawdexError model_invalid when onnxruntime cannot load it or its operator set is too old
 */
async function prepareEncoder(model: Model): Promise<Model> {
  if (model.opset < PER_CHANNEL_OPSET) {
    throw new PawdexError('model_invalid', {
      detail: `The encoder uses the ONNX operator set ${model.opset}; quantisation per channel needs ${PER_CHANNEL_OPSET}.`,
      hint: 'Export it again with a newer operator set, or convert it with onnx.version_converter.',
    });
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-quantise-'));
  try {
    const file = path.join(folder, 'prepared.onnx');
    const session = await ort.InferenceSession.create(writeModel(model), {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath: file,
    }).catch((cause: unknown) => {
      const detail = `onnxruntime cannot load the encoder: ${(cause as Error).message.trim()}`;
      throw new PawdexError('model_invalid', { detail, cause });
    });
    await session.release();
    return { ...readModel(await readFile(file)), inputs: model.inputs, outputs: model.outputs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
