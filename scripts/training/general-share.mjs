/**
 * Measures what the general part of a head (head.general) is worth. Takes the best weights of a finished run, adds a
 * general part in several shares, and measures each on val, on held-out labels, and on photos of other subjects. The
 * general part is made of principal components of the features before training (start) or after training (trained).
 *
 *   node scripts/training/general-share.mjs --run DIR --data SET --val SET [--nonpets SET] [--features start]
 *     [--dimension 128] [--shares 0,0.2,0.35,0.5,0.65] [--constants 0,0.5,0.7,1]
 */
import path from 'node:path';
import { computeAuroc } from '../../dist/evaluation/metrics/selective.js';
import { runQueries } from '../../dist/evaluation/run-queries.js';
import { takeColumns, takeFirstRows } from '../../dist/math/matrix.js';
import { normaliseRows } from '../../dist/math/vectors.js';
import { projectFeatures } from '../../dist/training/head/projection.js';
import { readBackbone } from '../../dist/training/network/backbone.js';
import { replaceWeights } from '../../dist/training/network/network.js';
import { widenProjection } from '../../dist/training/network/start-features.js';
import { completeRecipe, getResizeRule, readRecipe } from '../../dist/training/recipe/load-recipe.js';
import { completeHead, createFeatureNetwork } from '../../dist/training/run/complete-head.js';
import { computeFeatures } from '../../dist/training/run/compute-features.js';
import { createEmbeddedSet, evaluateEmbedding } from '../../dist/training/run/evaluate-embedding.js';
import { readTensors } from '../../dist/training/run/safetensors.js';
import { TrainingSet } from '../../dist/training/run/training-set.js';
import { parseOptions, REQUIRED } from '../lib/options.mjs';
import { readLabelledSet } from '../lib/read-labelled-set.mjs';

const USAGE =
  'usage: general-share.mjs --run DIR --data SET --val SET [--nonpets SET] [--features start|trained] [--dimension N] [--shares A,B] [--constants A,B]';

const { values } = parseOptions(USAGE, {
  run: REQUIRED,
  data: REQUIRED,
  val: REQUIRED,
  nonpets: null,
  features: 'start',
  dimension: '128',
  shares: '0,0.2,0.35,0.5,0.65',
  constants: '0,0.5,0.7,1',
});
if (!['start', 'trained'].includes(values.features)) {
  console.error(USAGE);
  process.exit(2);
}
const general = { features: values.features, dimension: Number(values.dimension) };

/** Temperature of the vote for untrained features, whose cosines are close together. */
const START_TEMPERATURE = 0.02;

/** Opens the best weights of the run. `learned` is its projection, without a general part. */
async function openRun() {
  const recipe = completeRecipe(await readRecipe(path.join(values.run, 'recipe.yaml')), 'The run');
  const { tensors } = await readTensors(path.join(values.run, 'best.safetensors'));
  const { file, size, padding, pixels } = recipe.backbone;
  const backbone = await readBackbone(file, { size, padding, seed: recipe.seed });
  const learned = { matrix: tensors['head.matrix'], offset: tensors['head.offset'] };
  const start = { backbone, size, pixels, head: learned };
  return { recipe, learned, network: createFeatureNetwork(replaceWeights(start, tensors), start, general) };
}

/** Reads the sets; `others` are the photos of other subjects. */
async function readSets(holdOut) {
  const readLabelled = async (spec) =>
    (await readLabelledSet(spec, { labelsRequired: true })).map(({ file, label }) => ({ file, label }));
  return {
    set: new TrainingSet(await readLabelled(values.data), await readLabelled(values.val), holdOut),
    others:
      values.nonpets === undefined ? [] : await readLabelledSet(values.nonpets, { labelsRequired: false }),
  };
}

/** Measures heads, with features that are computed once. */
class Measurement {
  #recipe;
  #network;
  #set;
  #others;
  /** Of the gallery and val, in the order in which `evaluateEmbedding` asks for them. */
  #features;
  #featuresOfOthers;

  constructor({ recipe, network }, { set, others }) {
    this.#recipe = recipe;
    this.#network = network;
    this.#set = set;
    this.#others = others;
  }

  /**
   * Prints a row of the table.
   *
   * @param createEmbedder takes the gallery's features and returns a function from features to embeddings
   */
  async printRow(name, temperature, createEmbedder) {
    const recipe = { ...this.#recipe, vote: { ...this.#recipe.vote, temperature } };
    let embed;
    let gallery;
    const { quality, val } = await evaluateEmbedding(this.#set, recipe, async (photos, rows) => {
      this.#features ??= await this.#computeFeatures(photos);
      const first = takeFirstRows(this.#features, rows);
      embed = await createEmbedder(first);
      gallery = createEmbeddedSet(photos.slice(0, rows), embed(first));
      return embed(this.#features);
    });
    const measured = [quality.top1, quality.recallAt1, quality.unseenRecallAt1];
    if (this.#others.length > 0) {
      measured.push(await this.#measureRejection({ gallery, val, embed, temperature }));
    }
    console.log(name, ...measured.map((value) => (value === null ? '-' : value.toFixed(5)).padStart(9)));
  }

  /** AUROC of val against the photos of other subjects. */
  async #measureRejection({ gallery, val, embed, temperature }) {
    this.#featuresOfOthers ??= await this.#computeFeatures(this.#others);
    const others = createEmbeddedSet(this.#others, embed(this.#featuresOfOthers));
    const listFamiliarities = (queries) =>
      runQueries({ gallery, queries, k: 5, answering: { temperature }, leaveOneOut: false }).map(
        ({ familiarity }) => familiarity,
      );
    return computeAuroc(listFamiliarities(val), listFamiliarities(others));
  }

  #computeFeatures(photos) {
    return computeFeatures(this.#network, photos, {
      rule: getResizeRule(this.#recipe),
      maxPixels: 1e8,
      report: {
        beginPhase() {},
        updatePhase: (done) => done % 400 === 0 && console.error(`${done} of ${photos.length} photos`),
      },
    });
  }
}

/** All features before training, at unit length: the baseline for held-out labels. */
function takeStart(both) {
  const features = takeColumns(both, both.dimension / 2);
  normaliseRows(features.data, features.dimension);
  return features;
}

/** The combinations to measure; a share of 0 has no constant. */
function listSettings() {
  const parseNumbers = (text) => text.split(',').map(Number);
  return parseNumbers(values.shares).flatMap((share) =>
    share === 0
      ? [{ share, constant: 0 }]
      : parseNumbers(values.constants).map((constant) => ({ share, constant })),
  );
}

/**
 * The constant c turns a cosine x into (x + c^2) / (1 + c^2), so the vote's temperature shrinks by the same factor.
 */
const computeShrinkage = (constant) => 1 + constant ** 2;

const run = await openRun();
const { recipe, learned } = run;
const measurement = new Measurement(run, await readSets(recipe.evaluation.holdOut));
const temperature = recipe.vote.temperature * computeShrinkage(recipe.head.general?.constant ?? 0);

console.log('share constant   top-1  recall@1  of held-out labels  AUROC over the others');
if (general.features === 'start') {
  await measurement.printRow('start alone', START_TEMPERATURE, () => takeStart);
}
for (const { share, constant } of listSettings()) {
  const name = [share, constant].map((value) => value.toFixed(2).padStart(5)).join(' ');
  await measurement.printRow(name, temperature / computeShrinkage(constant), async (first) => {
    const widen = () => (general.features === 'start' ? widenProjection(learned, first) : learned);
    const head = share === 0 ? widen() : await completeHead(learned, first, { ...general, share, constant });
    return (matrix) => projectFeatures(matrix, head);
  });
}
