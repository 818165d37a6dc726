/**
 * Prepares the start of a run: the backbone of the recipe, with a head and proxies that are fitted on its frozen
 * features or random.
 */
import { getRow, type Matrix } from '../../math/matrix.js';
import { createNormalRandom, drawDirections } from '../../math/random.js';
import { normalise } from '../../math/vectors.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import type { Weights } from '../autodiff/step/training-state.js';
import { FIT_STEPS, fitProjection } from '../head/fit-projection.js';
import { type Projection, projectFeatures } from '../head/projection.js';
import { PROXIES } from '../network/append-losses.js';
import { readBackbone } from '../network/backbone.js';
import {
  appendBackbone,
  appendPixels,
  type Network,
  replaceWeights,
  type ScaledBackbone,
} from '../network/network.js';
import { countLearned } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { computeFeatures, type FeaturesOptions } from './compute-features.js';
import type { TrainingSet } from './training-set.js';

/**
 * Reads the backbone and creates head and proxies.
 *
 * @param stored the weights that a resumed run started from; nothing is fitted then
 * @param features how to compute features; its report also gets the progress of fitting the head
 * @returns the network with the head that the losses see, and proxies float32 [labels, D] if a loss has them
 * @throws PawdexError file_unreadable, model_invalid, config_invalid
 */
export async function prepareStart(
  recipe: Recipe,
  set: TrainingSet,
  stored: Weights | null,
  features: FeaturesOptions,
): Promise<{ network: Network; proxies: Tensor | null }> {
  const network = await readStartNetwork(recipe);
  const dimension = countLearned(recipe);
  const hasProxies = recipe.losses.some(({ kind }) => kind === 'proxy-nca');
  const count = set.labels.length;
  if (stored !== null || recipe.head.start === 'random') {
    const proxies = stored?.[PROXIES] ?? drawUnitRows(count, dimension, recipe.seed + 1);
    return { network: replaceWeights(network, stored ?? {}), proxies: hasProxies ? proxies : null };
  }
  const { report, session: { threads } = {} } = features;
  report?.beginPhase('Features of the frozen backbone', set.train.length);
  const frozen = await computeFeatures(network, set.train, features);
  const labels = Array.from(set.labelNumbers);
  report?.beginPhase('Fitting the head', FIT_STEPS, 'step');
  const head = await fitProjection(frozen, labels, {
    dimension,
    seed: recipe.seed,
    // On the CPU: a GPU multiplies with fewer bits, so small eigenvalues would be lost in rounding.
    session: { threads },
    onStep: (done) => report?.updatePhase(done),
  });
  const proxies = hasProxies ? computeMeanProxies(projectFeatures(frozen, head), labels, count) : null;
  return { network: { ...network, head }, proxies };
}

/** Reads the backbone of a recipe and gives it a random head. @throws PawdexError file_unreadable, model_invalid */
export async function readStartNetwork(recipe: Recipe): Promise<Network> {
  const { file, size, padding, pixels } = recipe.backbone;
  const backbone = await readBackbone(file, { size, padding, seed: recipe.seed });
  const features = await measureFeatureWidth({ backbone, size, pixels });
  return { backbone, size, pixels, head: createRandomHead(features, countLearned(recipe), recipe.seed) };
}

async function measureFeatureWidth(scaled: ScaledBackbone): Promise<number> {
  const g = new GraphBuilder();
  const features = await appendBackbone(g, scaled.backbone, appendPixels(g, 1, scaled));
  return features.shape[1] ?? 0;
}

/** Draws random unit vectors. @returns float32 [count, width] */
export function drawUnitRows(count: number, width: number, seed: number): Tensor {
  return createFloatTensor(drawDirections(count, width, seed), [count, width]);
}

/** Creates a head that keeps lengths on average: entries of variance 1/F, no offset. */
function createRandomHead(features: number, dimension: number, seed: number): Projection {
  const normal = createNormalRandom(seed);
  const scale = 1 / Math.sqrt(features);
  return {
    matrix: createFloatTensor(
      Float32Array.from({ length: features * dimension }, () => normal() * scale),
      [features, dimension],
    ),
    offset: createFloatTensor(new Float32Array(dimension)),
  };
}

/**
 * Computes proxies at the mean direction of each label's embeddings.
 *
 * @param embeddings float32 [photos, D], unit vectors
 * @param labels number of each photo's label
 * @returns float32 [count, D], unit vectors; a random direction for a label without photos
 */
function computeMeanProxies(embeddings: Matrix, labels: readonly number[], count: number): Tensor {
  const { data, dimension } = embeddings;
  const proxies = new Float32Array(count * dimension);
  labels.forEach((label, photo) => {
    for (let i = 0; i < dimension; i++) {
      proxies[label * dimension + i] = proxies[label * dimension + i]! + data[photo * dimension + i]!;
    }
  });
  const fallback = drawDirections(count, dimension, 1);
  for (let label = 0; label < count; label++) {
    const proxy = getRow({ data: proxies, dimension }, label);
    if (normalise(proxy) === 0) {
      proxy.set(getRow({ data: fallback, dimension }, label));
    }
  }
  return createFloatTensor(proxies, [count, dimension]);
}
