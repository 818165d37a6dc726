/**
 * Finds the k and temperature that suit an encoder, and whether labels with more photos should count less, on held-out
 * queries. Put the best settings into the model card.
 *
 *   node scripts/evaluation/vote-settings.mjs --gallery SET --queries SET [--model CARD] [--cache DIR]
 *
 * Among the settings whose accuracy is within half a standard error of the highest, the best has the lowest log-loss of the
 * vote's shares. Accuracy alone cannot separate near-winners, and the shares feed the calibration.
 */
import { vote } from '../../dist/breeds/vote.js';
import { removeRepeats } from '../../dist/evaluation/embed-set.js';
import { forEachQuery } from '../../dist/evaluation/exact-neighbours.js';
import { countBy } from '../../dist/math/group-by.js';
import { parseOptions, REQUIRED } from '../lib/options.mjs';
import { embedSets } from './lib/sets.mjs';

const KS = [1, 5, 10, 15, 20, 30, 50];
const TEMPERATURES = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.25, 0.5];
/** Votes are divided by (photos of the label)^exponent. */
const PRIOR_EXPONENTS = [0, 0.25, 0.5, 1];

const USAGE = 'usage: vote-settings.mjs --gallery SET --queries SET [--model CARD] [--cache DIR]';

const { values } = parseOptions(USAGE, { gallery: REQUIRED, queries: REQUIRED, model: null, cache: null });

const { sets } = await embedSets(values, [values.gallery, values.queries]);
const gallery = removeRepeats(sets[0]);
const queries = sets[1];
const counts = countBy(gallery.items, ({ label }) => label);

const asked = [];
forEachQuery(gallery.vectors, queries.vectors, (q, nearest) => {
  const { sha256, label } = queries.items[q];
  const { rows, similarities } = nearest(Math.max(...KS), (row) => gallery.items[row].sha256 === sha256);
  asked.push({
    label,
    voters: Array.from(rows, (row, i) => ({ label: gallery.items[row].label, similarity: similarities[i] })),
  });
});

function measure(k, temperature, exponent) {
  const perLabel = new Map();
  let logLoss = 0;
  for (const { label, voters } of asked) {
    const corrected = voters.slice(0, k).map((voter) => ({
      label: voter.label,
      // exp(s / T) / count^e = exp((s - e T ln count) / T)
      similarity: voter.similarity - exponent * temperature * Math.log(counts.get(voter.label)),
    }));
    const shares = vote(corrected, temperature);
    const score = perLabel.get(label) ?? { n: 0, right: 0 };
    score.n++;
    if (shares[0]?.label === label) {
      score.right++;
    }
    perLabel.set(label, score);
    logLoss -= Math.log(Math.max(0.01, shares.find((c) => c.label === label)?.confidence ?? 0));
  }
  const scores = [...perLabel.values()];
  return {
    k,
    temperature,
    exponent,
    top1: scores.reduce((sum, s) => sum + s.right, 0) / asked.length,
    macroTop1: scores.reduce((sum, s) => sum + s.right / s.n, 0) / scores.length,
    logLoss: logLoss / asked.length,
  };
}

const results = PRIOR_EXPONENTS.flatMap((e) => KS.flatMap((k) => TEMPERATURES.map((t) => measure(k, t, e))));
const print = (title, list) => {
  console.log(title);
  for (const r of list) {
    console.log(
      `  k ${String(r.k).padStart(2)}  temperature ${String(r.temperature).padEnd(4)}  prior ${String(r.exponent).padEnd(4)}  top1 ${r.top1.toFixed(4)}  macro ${r.macroTop1.toFixed(4)}  log-loss ${r.logLoss.toFixed(4)}`,
    );
  }
};
const highest = Math.max(...results.map((r) => r.top1));
const near = highest - 0.5 * Math.sqrt((highest * (1 - highest)) / asked.length);
print('highest accuracy', [...results].sort((a, b) => b.top1 - a.top1 || a.logLoss - b.logLoss).slice(0, 8));
for (const exponent of PRIOR_EXPONENTS) {
  const good = results.filter((r) => r.exponent === exponent && r.top1 >= near);
  print(
    `lowest log-loss among the accurate, prior ${exponent}`,
    good.sort((a, b) => a.logLoss - b.logLoss).slice(0, 3),
  );
}
