/**
 * Makes models/calibration.json: how far to trust an answer from the shipped encoder and gallery.
 *
 *   node scripts/evaluation/calibrate.mjs --gallery models/gallery.parquet --queries SET[*WEIGHT]... --nonpets SET
 *       --out models/calibration.json [--vote LABEL=FACTOR]... [--plain LABEL] [--trust SET]
 *       [--dropped CSV] [--only CSV] [--relabel CSV] [--ungrouped PUBLISHER] [--model CARD] [--cache DIR]
 *
 * A query never finds itself or photos of its group, so gallery photos may be queries too if the encoder was not trained on
 * them. A query whose label looks wrong to the judges of `pawdex clean-labels` counts less; --trust names a set that helps
 * to judge. The model of an unknown breed is learned from query sets with a weight of 1 or more. --dropped is the list
 * written by `pawdex clean-labels`. For a label that the trusted set lacks, votes and queries are weighted by the share of
 * its photos that was kept, which estimates how many of its labels are right.
 *
 * --only is a list of photos from scripts/model/hold-out.mjs. In a set that contains some of them, only those are queries.
 *
 * --relabel is a list of photos that get another label, and are queries even if --only does not list them. Their labels are
 * not doubted. They do not get the extra weight of the plain label, because they were chosen for being mistaken for a breed and
 * are not a sample of what users ask.
 *
 * The written calibration is fitted on all queries and non-pets. The printed results are cross-fitted: each query is judged
 * by a calibration that has not seen it or its group, and each non-pet by one that has seen no picture of its label.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fitCalibration } from '../../dist/breeds/fit-calibration.js';
import { readFileNames } from '../../dist/datasets/read-file-names.js';
import { cleanLabels } from '../../dist/evaluation/clean-labels.js';
import { joinSets, takeSubset } from '../../dist/evaluation/embed-set.js';
import { evaluate } from '../../dist/evaluation/evaluate.js';
import { predictLabel } from '../../dist/evaluation/outcomes.js';
import { readGroup } from '../../dist/evaluation/provenance.js';
import { runQueries } from '../../dist/evaluation/run-queries.js';
import { countBy } from '../../dist/math/group-by.js';
import { parseOptions, REQUIRED } from '../lib/options.mjs';
import { collectCalibrationData, toNonPetPhotos } from './lib/calibration-data.mjs';
import { embedSets, readListedLabels } from './lib/sets.mjs';

const FOLDS = 5;
/**
 * Weight of a query whose label looks wrong. Not 0, because some of these labels are right and the photo is merely hard.
 */
const DOUBTFUL = 0.15;
/** Extra weight of queries with the plain label: ordinary cats are what users ask about most. */
const PLAIN = 4;
const USAGE =
  'usage: calibrate.mjs --gallery SET --queries SET[*WEIGHT]... --nonpets SET --out FILE [--vote LABEL=FACTOR]... [--plain LABEL] [--trust SET] [--dropped CSV] [--only CSV] [--relabel CSV] [--ungrouped PUBLISHER] [--model CARD] [--cache DIR]';

const { values } = parseOptions(USAGE, {
  gallery: REQUIRED,
  queries: [REQUIRED],
  nonpets: REQUIRED,
  out: REQUIRED,
  vote: [],
  plain: null,
  trust: null,
  dropped: null,
  only: null,
  relabel: null,
  ungrouped: null,
  model: null,
  cache: null,
});

/** Embeds the sets, and joins the queries with their new labels. */
async function readSets() {
  const specs = values.queries.map((text) => {
    const [set, weight = '1'] = text.split('*');
    return { set, weight: Number(weight) };
  });
  const { sets, card, fingerprint } = await embedSets(values, [
    values.gallery,
    values.nonpets,
    ...specs.map(({ set }) => set),
    ...(values.trust === undefined ? [] : [values.trust]),
  ]);
  const [gallery, nonPets, ...rest] = sets;
  const newLabels = await readListedLabels(values.relabel);
  const listed = new Set(values.only === undefined ? [] : await readFileNames(values.only));
  const chosen = specs.map(({ set }, i) => chooseQueries(set, rest[i], newLabels, listed));
  const queries = joinSets(chosen);
  // As in the gallery: see scripts/model/build-gallery.mjs.
  queries.items = queries.items.map((item) => {
    const { group, ...metadata } = item.metadata;
    return metadata.source === values.ungrouped ? { ...item, metadata } : item;
  });
  return {
    specs,
    gallery,
    nonPets,
    queries,
    trusted: rest.slice(specs.length),
    /** Index of the set that each query comes from. */
    setOf: chosen.flatMap(({ items }, i) => items.map(() => i)),
    vote: { fingerprint, ...card.vote },
  };
}

/** Gives photos their new labels. If --only lists some of the set's photos, keeps those and the relabelled ones. */
function chooseQueries(name, set, newLabels, listed) {
  const root = name.replace(/:[^:/]*$/, '');
  const names = set.items.map(({ file }) => path.relative(root, file));
  const items = set.items.map((item, row) => {
    const label = newLabels.get(names[row]);
    return label === undefined ? item : { ...item, label, relabelled: true };
  });
  const hasListed = names.some((name) => listed.has(name));
  return takeSubset(
    { ...set, items },
    ({ relabelled }, row) => !hasListed || relabelled || listed.has(names[row]),
  );
}

/** Tells which queries have a label that looks wrong. */
function findDoubtful({ queries, trusted, vote }) {
  const { fingerprint: _, ...settings } = vote;
  const keep = new Set(values.plain === undefined ? [] : [values.plain]);
  return cleanLabels(queries, { ...settings, trusted, keep }).map(
    ({ dropped }, row) => dropped !== null && !queries.items[row].relabelled,
  );
}

/** Maps each label without trusted photos to the share of its photos that was kept. */
async function computeKeptShares({ gallery, trusted }) {
  if (values.dropped === undefined) {
    return new Map();
  }
  const dropped = countBy((await readListedLabels(values.dropped)).values(), (label) => label);
  const kept = countBy(gallery.items, ({ label }) => label);
  const known = new Set(trusted.flatMap(({ items }) => items.map(({ label }) => label)));
  return new Map(
    [...dropped]
      .filter(([label]) => !known.has(label))
      .map(([label, out]) => [
        label,
        Number(((kept.get(label) ?? 0) / ((kept.get(label) ?? 0) + out)).toFixed(3)),
      ]),
  );
}

/** Computes what the calibration is fitted on, and tells which queries the model of an unknown breed is learned from. */
async function collectData(input, doubtful) {
  const { specs, gallery, nonPets, queries, setOf } = input;
  const reliability = await computeKeptShares(input);
  const votes = {
    ...Object.fromEntries(reliability),
    ...Object.fromEntries(values.vote.map((text) => [text.split('=')[0], Number(text.split('=')[1])])),
  };
  const weights = setOf.map((i, row) => {
    const { label, relabelled } = queries.items[row];
    const ownFactor = reliability.get(label) ?? 1;
    const factor = label === values.plain && !relabelled ? PLAIN : ownFactor;
    return specs[i].weight * factor * (doubtful[row] ? DOUBTFUL : 1);
  });
  const isReliable = setOf.map((i) => specs[i].weight >= 1);
  const vote = {
    ...input.vote,
    ...(Object.keys(votes).length === 0 ? {} : { votes }),
    ...(values.plain === undefined ? {} : { noBreedLabel: values.plain }),
  };
  const data = collectCalibrationData({ gallery, queries, nonPets, weights, heldOut: isReliable }, vote);
  return { data, isReliable };
}

function fitOrExit(data) {
  const calibration = fitCalibration(data);
  if (calibration === null) {
    console.error('There are too few queries to fit a calibration.');
    process.exit(1);
  }
  return calibration;
}

/** Answers each query and non-pet by a calibration that was fitted without it and its group. */
function crossFit({ gallery, nonPets, queries }, { data, isReliable }) {
  const answer = (photos, calibration, references) =>
    runQueries({
      gallery,
      queries: photos,
      k: calibration.k,
      answering: { temperature: calibration.temperature, calibration },
      leaveOneOut: true,
      references,
    });
  const assignFolds = (keys) => {
    const numberOf = new Map([...new Set(keys)].map((key, i) => [key, i]));
    return keys.map((key) => numberOf.get(key) % FOLDS);
  };
  const foldOfQuery = assignFolds(queries.items.map(readGroup));
  const foldOfNonPet = assignFolds(nonPets.items.map(({ label }) => label));
  /** Index of the query that each entry of `data.labelsHeldOut` belongs to. */
  const heldOutRows = isReliable.flatMap((is, row) => (is ? [row] : []));
  const outcomes = { queries: [], rows: [], nonPets: [] };
  for (let fold = 0; fold < FOLDS; fold++) {
    const calibration = fitOrExit({
      ...data,
      queries: data.queries.filter((_, i) => foldOfQuery[i] !== fold),
      labelsHeldOut: data.labelsHeldOut.filter((_, i) => foldOfQuery[heldOutRows[i]] !== fold),
      nonPets: data.nonPets.filter((_, i) => foldOfNonPet[i] !== fold),
    });
    // Only of subjects that are not queries.
    const references = toNonPetPhotos(takeSubset(nonPets, (_, i) => foldOfNonPet[i] !== fold));
    const own = takeSubset(queries, (_, i) => foldOfQuery[i] === fold);
    outcomes.queries.push(...answer(own, calibration, references));
    outcomes.rows.push(...foldOfQuery.flatMap((of, row) => (of === fold ? [row] : [])));
    const others = takeSubset(nonPets, (_, i) => foldOfNonPet[i] === fold);
    outcomes.nonPets.push(...answer(others, calibration, references));
  }
  return outcomes;
}

const round = (value) => (value === null ? null : Number(value.toFixed(4)));
const summarise = (measured) => ({
  n: measured.n,
  top1: round(measured.top1),
  ece: round(measured.ece),
  coverageAt95: round(measured.coverageAt95),
  decisions: Object.values(measured.decisions).map(round).join(' / '),
  matchPrecision: round(measured.matchPrecision),
  nonPetAuroc: round(measured.nonPetAuroc),
  nonPetDecisions: Object.values(measured.nonPets.decisions).map(round).join(' / '),
  unknownLabelAuroc: round(measured.unknownLabelAuroc),
});

/** Prints the quality of the cross-fitted answers, by set and for the plain label. */
function printQuality({ specs, queries, setOf }, doubtful, outcomes) {
  const print = (name, keep) => {
    const part = outcomes.queries.filter((_, i) => keep(outcomes.rows[i]));
    if (part.length > 0) {
      console.log(`${name}, cross-fitted`, summarise(evaluate(part, outcomes.nonPets)));
    }
    return part;
  };
  for (const [i, { set }] of specs.entries()) {
    print(set, (row) => setOf[row] === i);
    print(`${set}, labels not doubted`, (row) => setOf[row] === i && !doubtful[row]);
  }
  /** Prints photos with the plain label, and how many of them match another label. */
  const printPlain = (name, keep) => {
    const plain = print(name, (row) => queries.items[row].label === values.plain && keep(queries.items[row]));
    const misread = plain.filter((o) => o.answer.decision === 'match' && predictLabel(o) !== values.plain);
    console.log(`${name}: ${misread.length} of ${plain.length} called a match of another label`);
  };
  if (values.plain !== undefined) {
    printPlain(values.plain, ({ relabelled }) => !relabelled);
    printPlain(`${values.plain}, relabelled`, ({ relabelled }) => relabelled);
  }
}

const input = await readSets();
const doubtful = findDoubtful(input);
const collected = await collectData(input, doubtful);
printQuality(input, doubtful, crossFit(input, collected));
const calibration = fitOrExit(collected.data);
await writeFile(values.out, `${JSON.stringify(calibration, null, 2)}\n`);
console.log(
  `${values.out}: match from ${calibration.thresholds.match.toFixed(3)}, unknown below ${calibration.thresholds.known.toFixed(3)}`,
);
