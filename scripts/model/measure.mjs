#!/usr/bin/env node
/**
 * Measures the shipped encoder, gallery, vote and calibration on photos that played no part in making or choosing them, and
 * writes the results into the model card. scripts/docs/measured.mjs copies them from there into the docs.
 *
 *   node scripts/model/measure.mjs --queries SET [--gallery models/gallery.parquet] [--nonpets SET]
 *       [--elsewhere SET [--plain LABEL]] [--cache DIR]
 *
 * It runs `pawdex eval`. The gallery file says which species a label belongs to. --elsewhere names photos from other
 * sources than most of the gallery. They are reported by source. For photos with the plain label (`domestic_cat`), the
 * report also says how often they are mistaken for a breed.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parquetReadObjects } from 'hyparquet';
import { fromRoot, parseOptions, REQUIRED } from '../lib/options.mjs';

const CARD = fromRoot('models/encoder.json');
const USAGE =
  'usage: node scripts/model/measure.mjs --queries SET [--gallery SET] [--nonpets SET] [--elsewhere SET [--plain LABEL]] [--cache DIR]';
const MAX_OUTPUT = 64 * 1024 * 1024;

const { values } = parseOptions(USAGE, {
  queries: REQUIRED,
  gallery: fromRoot('models/gallery.parquet'),
  nonpets: null,
  elsewhere: null,
  plain: null,
  cache: null,
});

/** "../shared/petset:test" -> "petset:test": local paths do not belong in the card. */
const shortName = (set) => path.basename(set);
const round = (value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value);
const rounded = (value) => {
  if (Array.isArray(value)) {
    return value.map(rounded);
  }
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rounded(part)]))
    : round(value);
};

/** Maps each species to the share of its queries that the vote got right. */
async function bySpecies(perLabel, amongAsked) {
  const { buffer } = new Uint8Array(await readFile(fromRoot('models/gallery.parquet')));
  const rows = await parquetReadObjects({ file: buffer, columns: ['label', 'species'] });
  const speciesOf = new Map(rows.map(({ label, species }) => [label, species]));
  const tally = new Map();
  for (const [label, { n, top1 }] of Object.entries(perLabel)) {
    const species = speciesOf.get(label);
    const so = tally.get(species) ?? { n: 0, right: 0, among: 0 };
    tally.set(species, {
      n: so.n + n,
      right: so.right + n * top1,
      among: so.among + n * amongAsked.perLabel[label],
    });
  }
  return Object.fromEntries(
    [...tally].map(([species, { n, right, among }]) => [
      species,
      { n, top1: right / n, amongAsked: among / n },
    ]),
  );
}

/** Runs `pawdex eval` on a set. */
async function evaluate(queries, ...more) {
  const shared = ['gallery', 'nonpets', 'cache'].flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]],
  );
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fromRoot('dist/cli/main.js'), 'eval', ...shared, '--queries', queries, ...more, '--json'],
    { maxBuffer: MAX_OUTPUT },
  );
  return JSON.parse(stdout);
}

/** A label needs at least this many queries to be listed among the worst. */
const FEWEST = 10;
const WORST = 10;

/** @param labels labels of the first query set; photos with one of these labels are also reported together */
async function elsewhere(set, labels) {
  const { perLabel, by, ...all } = await evaluate(set, '--by', 'source');
  const { confusions } = all;
  const figures = ({ n, top1, ece, decisions, matchPrecision }) => ({
    n,
    top1,
    ece,
    decisions,
    matchPrecision,
  });
  const worst = Object.entries(perLabel)
    .filter(([, { n }]) => n >= FEWEST)
    .sort(([, a], [, b]) => a.top1 - b.top1)
    .slice(0, WORST)
    .map(([label, { n, top1 }]) => {
      const taken = confusions.find((confusion) => confusion.label === label);
      return { label, n, top1, takenFor: taken?.predicted ?? null };
    });
  const plain =
    values.plain === undefined
      ? {}
      : { plain: { label: values.plain, ...(await plainFigures(set, values.plain)) } };
  return {
    queries: shortName(set),
    ...figures(all),
    bySource: Object.entries(by.values).map(([source, part]) => ({ source, ...figures(part) })),
    shared: countShared(perLabel, labels),
    worst,
    ...plain,
  };
}

/** Accuracy over all photos with these labels. */
function countShared(perLabel, labels) {
  const shared = Object.entries(perLabel).filter(([label]) => labels.has(label));
  const n = shared.reduce((sum, [, { n: photos }]) => sum + photos, 0);
  return { n, top1: shared.reduce((sum, [, { n: photos, top1 }]) => sum + photos * top1, 0) / n };
}

/** For photos with the plain label: how often it comes first, and how often another label is a match. */
async function plainFigures(set, label) {
  const { by } = await evaluate(set, '--by', 'label');
  const { n, top1, decisions, matchPrecision } = by.values[label];
  return { n, top1, match: decisions.match, otherMatch: decisions.match * (1 - (matchPrecision ?? 0)) };
}

const { perLabel, amongAsked, ...evaluation } = await evaluate(values.queries);
// Curves and lists are for `pawdex eval --report`; a card holds single numbers.
const numbers = Object.fromEntries(Object.entries(evaluation).filter(([, value]) => !Array.isArray(value)));
const card = JSON.parse(await readFile(CARD, 'utf8'));
card.quality = {
  gallery: shortName(values.gallery),
  queries: shortName(values.queries),
  ...(values.nonpets === undefined ? {} : { nonPetsFrom: shortName(values.nonpets) }),
  ...rounded({
    ...numbers,
    amongAsked: amongAsked.top1,
    species: await bySpecies(perLabel, amongAsked),
  }),
  ...(values.elsewhere === undefined
    ? {}
    : { elsewhere: rounded(await elsewhere(values.elsewhere, new Set(Object.keys(perLabel)))) }),
};
await writeFile(CARD, `${JSON.stringify(card, null, 2)}\n`);
console.log(JSON.stringify(card.quality));
