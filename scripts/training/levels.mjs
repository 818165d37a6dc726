/**
 * Which feature maps are worth pooling beside a backbone's last one (backbone.levels), before anything is trained: fits a
 * head on the frozen features of most photos, asks the others, and does so for each choice and each fold. Photos with
 * the same `group` in their manifest, near-duplicates, are always in one fold.
 *
 *   node scripts/training/levels.mjs --data SET [--levels A,B+C] [--recipe models/recipe.yaml] [--folds 4] [--asked 2]
 */
import { parseArgs } from 'node:util';
import { subset } from '../../dist/evaluation/embed-set.js';
import { evaluate } from '../../dist/evaluation/evaluate.js';
import { ask } from '../../dist/evaluation/outcomes.js';
import { readPhoto } from '../../dist/image/read-photo.js';
import { readLabelledSet } from '../../dist/jobs/labelled-set.js';
import { project } from '../../dist/training/head/algebra.js';
import { fitProjection } from '../../dist/training/head/fit-projection.js';
import { readBackbone } from '../../dist/training/network/backbone.js';
import { completeRecipe, learnedDimension, readRecipe, resizeRule } from '../../dist/training/recipe/load.js';
import { embeddedSet } from '../../dist/training/run/evaluation.js';
import { featuresOf } from '../../dist/training/run/features.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    recipe: { type: 'string', default: 'models/recipe.yaml' },
    levels: { type: 'string' },
    folds: { type: 'string', default: '4' },
    asked: { type: 'string', default: '2' },
  },
});
const [folds, asked] = [Number(values.folds), Number(values.asked)];
if (values.data === undefined || !(folds >= 2 && asked >= 1 && asked <= folds)) {
  console.error(
    'usage: levels.mjs --data SET [--levels A,B+C] [--recipe FILE] [--folds N] [--asked N, of the folds]',
  );
  process.exit(2);
}

const recipe = completeRecipe(await readRecipe(values.recipe), values.recipe);
const { size, pixels } = recipe.backbone;
const choices = [
  [],
  ...(values.levels?.split(',').map((choice) => choice.split('+')) ?? [recipe.backbone.levels]),
];
const photos = await readLabelledSet(values.data, { labelsRequired: true });
const labels = [...new Set(photos.map(({ label }) => label))];
const numbers = photos.map(({ label }) => labels.indexOf(label));
const groups = [...new Set(photos.map(({ metadata, name }) => metadata.group ?? name))];
// Groups are numbered in the order of the photos, which is that of their labels: every fold has its share of each.
const foldOf = photos.map(({ metadata, name }) => groups.indexOf(metadata.group ?? name) % folds);

function rowsOf({ data, dimension }, rows) {
  const taken = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    taken.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { data: taken, rows: rows.length, dimension };
}

console.log(
  `${photos.length} photos of ${labels.length} labels, ${asked} of ${folds} folds asked\n  top-1  recall@1`,
);
for (const levels of choices) {
  const backbone = await readBackbone({ ...recipe.backbone, levels }, recipe.seed);
  const features = await featuresOf(
    { backbone, size, pixels },
    photos.length,
    (i) => readPhoto(photos[i].file),
    { rule: resizeRule(recipe), maxPixels: 1e8 },
  );
  const outcomes = [];
  for (let fold = 0; fold < asked; fold++) {
    const known = photos.flatMap((_, i) => (foldOf[i] === fold ? [] : [i]));
    const head = await fitProjection(
      rowsOf(features, known),
      known.map((i) => numbers[i]),
      { dimension: learnedDimension(recipe), seed: recipe.seed },
    );
    const all = embeddedSet(photos, project(features, head));
    const half = (own) => subset(all, (_, row) => (foldOf[row] === fold) === own);
    const settings = { k: recipe.vote.k, answering: { temperature: recipe.vote.temperature } };
    outcomes.push(...ask({ ...settings, gallery: half(false), queries: half(true), leaveOneOut: false }));
  }
  const { top1, recallAt } = evaluate(outcomes);
  console.log(
    `${top1.toFixed(4).padStart(7)}  ${recallAt[1].toFixed(4).padStart(8)}  ${levels.join(' + ') || 'the last map alone'}`,
  );
}
