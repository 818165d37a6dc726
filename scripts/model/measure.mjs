#!/usr/bin/env node
/**
 * Measures the shipped encoder, gallery, vote and calibration on photos that none of them was made or chosen with,
 * and writes what it found into the model card; scripts/docs/measured.mjs takes it from there into the pages.
 *
 *   node scripts/model/measure.mjs --gallery SET --queries SET [--nonpets SET] [--cache DIR]
 *
 * It runs `pawdex eval`; per species, accuracy is that of the queries whose label the gallery's file says is of it.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { parquetReadObjects } from 'hyparquet';

const fromRoot = (file) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const CARD = fromRoot('models/encoder.json');
const USAGE =
  'usage: node scripts/model/measure.mjs --gallery SET --queries SET [--nonpets SET] [--cache DIR]';
const MOST_OUTPUT = 64 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    gallery: { type: 'string' },
    queries: { type: 'string' },
    nonpets: { type: 'string' },
    cache: { type: 'string' },
  },
});
if (!values.gallery || !values.queries) {
  console.error(USAGE);
  process.exit(2);
}

/** "../shared/petset:test" -> "petset:test": the card is read elsewhere. */
const shortName = (set) => path.basename(set);
const round = (value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value);
const rounded = (object) =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      value !== null && typeof value === 'object' ? rounded(value) : round(value),
    ]),
  );

/** Species -> share of its queries that the vote got right. */
async function bySpecies(perLabel) {
  const { buffer } = new Uint8Array(await readFile(fromRoot('models/gallery.parquet')));
  const rows = await parquetReadObjects({ file: buffer, columns: ['label', 'species'] });
  const speciesOf = new Map(rows.map(({ label, species }) => [label, species]));
  const tally = new Map();
  for (const [label, { n, top1 }] of Object.entries(perLabel)) {
    const species = speciesOf.get(label);
    const so = tally.get(species) ?? { n: 0, right: 0 };
    tally.set(species, { n: so.n + n, right: so.right + n * top1 });
  }
  return Object.fromEntries([...tally].map(([species, { n, right }]) => [species, { n, top1: right / n }]));
}

const flags = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
const evaluated = await promisify(execFile)(
  process.execPath,
  [fromRoot('dist/cli/main.js'), 'eval', ...flags, '--json'],
  { maxBuffer: MOST_OUTPUT },
);
const { perLabel, ...evaluation } = JSON.parse(evaluated.stdout);
// Curves and lists are for `pawdex eval --report`; a card holds single numbers.
const numbers = Object.fromEntries(Object.entries(evaluation).filter(([, value]) => !Array.isArray(value)));
const card = JSON.parse(await readFile(CARD, 'utf8'));
card.quality = {
  gallery: shortName(values.gallery),
  queries: shortName(values.queries),
  ...(values.nonpets === undefined ? {} : { nonPetsFrom: shortName(values.nonpets) }),
  ...rounded({ ...numbers, species: await bySpecies(perLabel) }),
};
await writeFile(CARD, `${JSON.stringify(card, null, 2)}\n`);
console.log(JSON.stringify(card.quality));
