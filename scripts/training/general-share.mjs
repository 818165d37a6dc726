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

/** Temperature of the vote for untrained features, whose cosines are close together. */
const START_TEMPERATURE = 0.02;

const recipe = completeRecipe(await readRecipe(path.join(values.run, 'recipe.yaml')), 'The run');
const { tensors } = await readTensors(path.join(values.run, 'best.safetensors'));
const { file, size, padding, pixels } = recipe.backbone;
const backbone = await readBackbone(file, { size, padding, seed: recipe.seed });
const learned = { matrix: tensors['head.matrix'], offset: tensors['head.offset'] };
const start = { backbone, size, pixels, head: learned };
const general = { features: values.features, dimension: Number(values.dimension) };
const network = createFeatureNetwork(replaceWeights(start, tensors), start, general);

const labelled = async (spec) =>
  (await readLabelledSet(spec, { labelsRequired: true })).map(({ file, label }) => ({ file, label }));
const set = new TrainingSet(
  await labelled(values.data),
  await labelled(values.val),
  recipe.evaluation.holdOut,
);
const nonpets =
  values.nonpets === undefined ? [] : await readLabelledSet(values.nonpets, { labelsRequired: false });

const features = (photos) =>
  computeFeatures(network, photos, {
    rule: getResizeRule(recipe),
    maxPixels: 1e8,
    report: {
      beginPhase() {},
      updatePhase: (done) => done % 400 === 0 && console.error(`${done} of ${photos.length} photos`),
    },
  });
let known;
const others = nonpets.length === 0 ? null : await features(nonpets);

/**
 * With k the square of the constant, cosines become (c + k) / (1 + k), so the vote's temperature shrinks by the same
 * factor.
 */
const shrunk = (constant) => 1 + constant ** 2;
const temperature = recipe.vote.temperature * shrunk(recipe.head.general?.constant ?? 0);

/** @param embedder takes the gallery's features and returns a function that embeds features */
async function measure(name, temperature, embedder) {
  const asked = { ...recipe, vote: { ...recipe.vote, temperature } };
  let embed;
  let gallery;
  const { quality, val } = await evaluateEmbedding(set, asked, async (photos, rows) => {
    known ??= await features(photos);
    const first = takeFirstRows(known, rows);
    embed = await embedder(first);
    gallery = createEmbeddedSet(photos.slice(0, rows), embed(first));
    return embed(known);
  });
  const measured = [quality.top1, quality.recallAt1, quality.unseenRecallAt1];
  if (others !== null) {
    const familiarities = (queries) =>
      runQueries({ gallery, queries, k: 5, answering: { temperature }, leaveOneOut: false }).map(
        ({ familiarity }) => familiarity,
      );
    measured.push(computeAuroc(familiarities(val), familiarities(createEmbeddedSet(nonpets, embed(others)))));
  }
  console.log(name, ...measured.map((value) => (value === null ? '-' : value.toFixed(5)).padStart(9)));
}

/** All features before training: the baseline for held-out labels. */
function startAlone(both) {
  const taken = takeColumns(both, both.dimension / 2);
  const { data, dimension } = taken;
  for (let begin = 0; begin < data.length; begin += dimension) {
    const row = data.subarray(begin, begin + dimension);
    const length = Math.hypot(...row);
    row.forEach((value, i) => {
      row[i] = value / length;
    });
  }
  return taken;
}

console.log('share constant   top-1  recall@1  of held-out labels  AUROC over the others');
const numbers = (text) => text.split(',').map(Number);
if (values.features === 'start') {
  await measure('start alone', START_TEMPERATURE, () => startAlone);
}
const settings = numbers(values.shares).flatMap((share) =>
  share === 0 ? [{ share, constant: 0 }] : numbers(values.constants).map((constant) => ({ share, constant })),
);
for (const { share, constant } of settings) {
  const name = [share, constant].map((value) => value.toFixed(2).padStart(5)).join(' ');
  await measure(name, temperature / shrunk(constant), async (first) => {
    const alone = () => (values.features === 'start' ? widenProjection(learned, first) : learned);
    const head = share === 0 ? alone() : await completeHead(learned, first, { ...general, share, constant });
    return (matrix) => projectFeatures(matrix, head);
  });
}
