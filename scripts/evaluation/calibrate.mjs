/**
 * Makes models/calibration.json: how far to trust an answer of the shipped encoder over the shipped gallery.
 *
 *   node scripts/evaluation/calibrate.mjs --gallery SET --queries SET --nonpets SET --out models/calibration.json
 *       [--test SET] [--model CARD] [--cache DIR]
 *
 * What is shipped is fitted on all queries (held out from training) and all non-pets. What is printed comes from
 * cross-fitting: each query is judged by a calibration that has not seen it, each non-pet by one that has seen no
 * picture of its label. With --test, the shipped calibration is also measured on queries that it has not seen.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { fitCalibration } from '../../dist/breeds/fit.js';
import { calibrationData } from '../../dist/evaluation/calibration-data.js';
import { subset } from '../../dist/evaluation/embed-set.js';
import { evaluate } from '../../dist/evaluation/evaluate.js';
import { ask } from '../../dist/evaluation/outcomes.js';
import { embedSets } from './lib/sets.mjs';

const FOLDS = 5;

const { values } = parseArgs({
  options: {
    gallery: { type: 'string' },
    queries: { type: 'string' },
    nonpets: { type: 'string' },
    out: { type: 'string' },
    model: { type: 'string' },
    test: { type: 'string' },
    cache: { type: 'string' },
  },
});
for (const name of ['gallery', 'queries', 'nonpets', 'out'])
  if (values[name] === undefined) {
    console.error(
      'usage: calibrate.mjs --gallery SET --queries SET --nonpets SET --out FILE [--test SET] [--model CARD] [--cache DIR]',
    );
    process.exit(2);
  }

const { sets, card, fingerprint } = await embedSets(values, [
  values.gallery,
  values.queries,
  values.nonpets,
  ...(values.test === undefined ? [] : [values.test]),
]);
const [gallery, queries, nonPets, test] = sets;
const vote = { fingerprint, ...card.vote };

const fitted = (data) => {
  const calibration = fitCalibration(data);
  if (calibration !== null) return calibration;
  console.error('There are too few queries to fit a calibration.');
  process.exit(1);
};
const outcomes = (asked, calibration) =>
  ask({
    gallery,
    queries: asked,
    k: calibration.k,
    answering: { temperature: calibration.temperature, calibration },
    leaveOneOut: true,
  });

const all = calibrationData({ gallery, queries, nonPets }, vote);
const labels = [...new Set(nonPets.items.map(({ label }) => label))].sort();
const foldOfLabel = new Map(labels.map((label, i) => [label, i % FOLDS]));
const heldOut = { queries: [], nonPets: [] };
for (let fold = 0; fold < FOLDS; fold++) {
  const learns = (_, i) => i % FOLDS !== fold;
  const calibration = fitted({
    ...all,
    queries: all.queries.filter(learns),
    labelsHeldOut: all.labelsHeldOut.filter(learns),
    nonPets: all.nonPets.filter(({ label }) => foldOfLabel.get(label) !== fold),
  });
  heldOut.queries.push(
    ...outcomes(
      subset(queries, (_, i) => i % FOLDS === fold),
      calibration,
    ),
  );
  heldOut.nonPets.push(
    ...outcomes(
      subset(nonPets, ({ label }) => foldOfLabel.get(label) === fold),
      calibration,
    ),
  );
}
const share = (value) => Number(value.toFixed(4));
const summary = (measured) => ({
  n: measured.n,
  top1: share(measured.top1),
  ece: share(measured.ece),
  coverageAt95: share(measured.coverageAt95),
  coverageAt99: share(measured.coverageAt99),
  decisions: measured.decisions,
  matchPrecision: share(measured.matchPrecision),
  nonPetAuroc: share(measured.nonPetAuroc),
  nonPets: measured.nonPets,
  unknownLabelAuroc: share(measured.unknownLabelAuroc),
});

console.log('cross-fitted on the queries', summary(evaluate(heldOut.queries, heldOut.nonPets)));

const calibration = fitted(all);
await writeFile(values.out, `${JSON.stringify(calibration, null, 2)}\n`);
console.log(
  `${values.out}: match from ${calibration.thresholds.match.toFixed(3)}, unknown below ${calibration.thresholds.known.toFixed(3)}`,
);
if (test !== undefined)
  console.log(
    'on the test set, non-pets cross-fitted',
    summary(evaluate(outcomes(test, calibration), heldOut.nonPets)),
  );
