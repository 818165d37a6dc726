#!/usr/bin/env node
/**
 * Makes models/similarity.json: statistics about similarity that hold for any collection.
 *
 *   node scripts/model/similarity.mjs --train SET --val SET [--more SET [--without dropped.csv] [--only held-out.csv]] --nonpets SET
 *       [--out models/similarity.json] [--model CARD] [--cache DIR]
 *
 * It simulates many small collections of 1 to 20 labels with 5 to 40 photos each. The queries are other photos of their
 * labels (from --val, and from --more, which the encoder was not trained on), photos of other labels, and photos without a
 * pet. From similarity and agreement it fits whether the first candidate is right, and whether the collection contains what
 * the photo shows. It prints the results for new collections of several sizes.
 */
import { writeFile } from 'node:fs/promises';
import { computeFeatures, FEATURES } from '../../dist/breeds/calibration.js';
import { identifyBreed } from '../../dist/breeds/identify-breed.js';
import { fitIncreasing, predict } from '../../dist/breeds/logistic.js';
import { vote } from '../../dist/breeds/vote.js';
import { readFileNames } from '../../dist/datasets/read-file-names.js';
import { readGroup } from '../../dist/evaluation/provenance.js';
import { groupBy } from '../../dist/math/group-by.js';
import { getRow } from '../../dist/math/matrix.js';
import { createRandom, shuffle } from '../../dist/math/random.js';
import { computeDot } from '../../dist/math/vectors.js';
import { embedSets } from '../evaluation/lib/sets.mjs';
import { parseOptions, REQUIRED } from '../lib/options.mjs';

const LABELS = [1, 2, 3, 5, 10, 20];
const PHOTOS = [5, 10, 20, 40];
const COLLECTIONS = 480;
/** Queries per collection: photos of other labels, and photos without a pet. */
const OTHERS = 20;
const NON_PETS = 40;
/**
 * Total weight of the photos of other labels, and of those without a pet, relative to the photos that should be recognised.
 */
const WEIGHT = { others: 0.15, nonPets: 0.5 };
/** Largest share of a collection's own animals that may be `unknown`, and of non-pets that may be a `match`. */
const REFUSED = 0.01;
const FALSE_MATCHES = 0.003;
/** Random pairs whose cosines are sampled. */
const PAIRS = 20_000;

const USAGE =
  'usage: node scripts/model/similarity.mjs --train SET --val SET --nonpets SET [--more SET] [--without CSV] [--only CSV] [--model CARD] [--out FILE] [--cache DIR]';

const { values } = parseOptions(USAGE, {
  train: REQUIRED,
  val: REQUIRED,
  nonpets: REQUIRED,
  more: null,
  without: null,
  only: null,
  model: null,
  out: 'models/similarity.json',
  cache: null,
});
const random = createRandom(1);
const drawFrom = (photos, count) => shuffle(photos, random).slice(0, count);
const byLabel = (photos) => groupBy(photos, ({ label }) => label);

/** Embeds the sets. `pools` are those that collections and their queries are drawn from, in turn. */
async function readSets() {
  const dropped = values.without === undefined ? [] : await readFileNames(values.without);
  const heldOut = values.only === undefined ? [] : await readFileNames(values.only);
  const isListed =
    (names) =>
    ({ file }) =>
      names.some((name) => file.endsWith(name));
  const specs = [
    values.nonpets,
    values.train,
    values.val,
    ...(values.more === undefined ? [] : [values.more]),
  ];
  const { sets, card, fingerprint } = await embedSets(values, specs);
  const [nonPets, train, val, more] = sets.map(({ items, vectors }) =>
    items.map((item, row) => ({ ...item, vector: getRow(vectors, row) })),
  );
  const trained = { gallery: byLabel(train), queries: byLabel(val) };
  const isDropped = isListed(dropped);
  const kept = (more ?? []).filter((photo) => !isDropped(photo));
  const untrained = {
    gallery: byLabel(kept),
    queries: byLabel(values.only === undefined ? kept : kept.filter(isListed(heldOut))),
  };
  const pools = kept.length === 0 ? [trained] : [trained, trained, untrained];
  return { nonPets, train, val, pools, vote: card.vote, fingerprint };
}

/** Draws a collection of `labels` labels with `photos` photos each, and its queries. */
function drawCollection(pool, nonPets, labels, photos) {
  const enough = [...pool.gallery].filter(([label, of]) => of.length > photos && pool.queries.has(label));
  const chosen = drawFrom(enough, labels);
  const gallery = chosen.flatMap(([, of]) => drawFrom(of, photos));
  const held = new Set(gallery.map(({ sha256 }) => sha256));
  const groups = new Set(gallery.map(readGroup));
  const own = chosen.flatMap(([label]) =>
    drawFrom(
      pool.queries.get(label).filter((photo) => !held.has(photo.sha256) && !groups.has(readGroup(photo))),
      5,
    ),
  );
  const names = new Set(chosen.map(([label]) => label));
  const strangers = [...pool.queries].filter(([label]) => !names.has(label)).flatMap(([, of]) => of);
  return { gallery, own, others: drawFrom(strangers, OTHERS), nonPets: drawFrom(nonPets, NON_PETS) };
}

function findNeighbours(gallery, { vector }, k) {
  return gallery
    .map((photo) => ({ label: photo.label, similarity: computeDot(photo.vector, vector) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, k);
}

function observe(gallery, photo, { k, temperature }) {
  const neighbours = findNeighbours(gallery, photo, k);
  const candidates = vote(neighbours, temperature);
  const features = computeFeatures({ neighbours, candidates });
  // The distance of the twentieth neighbour depends on how many photos a label has, so it says nothing about collections in
  // general.
  features[2] = 0;
  return { features, isRight: candidates[0].label === photo.label };
}

/** Simulates collections, and observes the answers to photos of their labels, of other labels and without a pet. */
function observeCollections({ pools, nonPets, vote }) {
  const observed = { own: [], others: [], nonPets: [] };
  for (let i = 0; i < COLLECTIONS; i++) {
    const { gallery, ...queries } = drawCollection(
      pools[i % pools.length],
      nonPets,
      LABELS[i % LABELS.length],
      PHOTOS[Math.floor(i / LABELS.length) % PHOTOS.length],
    );
    for (const [kind, photos] of Object.entries(queries)) {
      observed[kind].push(...photos.map((photo) => observe(gallery, photo, vote)));
    }
  }
  return observed;
}

/** Fits the two models and chooses their thresholds. */
function fitStatistics(observed, { vote: { k, temperature }, fingerprint }) {
  const total = observed.own.length;
  const weigh = (of, share, target) =>
    of.map((one) => ({ features: one.features, target: target(one), weight: (share * total) / of.length }));
  /** @param target of photos of the collection's labels; 0 for the others */
  const fitModel = (target) =>
    fitIncreasing(
      [
        ...weigh(observed.own, 1, target),
        ...weigh(observed.others, WEIGHT.others, () => 0),
        ...weigh(observed.nonPets, WEIGHT.nonPets, () => 0),
      ],
      1,
    );
  const known = fitModel(() => 1);
  const right = fitModel(({ isRight }) => (isRight ? 1 : 0));
  const ascending = (of, model) => of.map(({ features }) => predict(model, features)).sort((a, b) => a - b);
  const knownOwn = ascending(observed.own, known);
  const rightNonPets = ascending(observed.nonPets, right);
  return {
    formatVersion: 1,
    fingerprint,
    k,
    temperature,
    features: FEATURES,
    right,
    known,
    thresholds: {
      known: knownOwn[Math.floor(REFUSED * knownOwn.length)],
      match: Math.max(0.5, rightNonPets[Math.ceil((1 - FALSE_MATCHES) * rightNonPets.length) - 1]),
    },
    fittedOn: {
      queries: total,
      labelsHeldOut: observed.others.length,
      nonPets: observed.nonPets.length,
    },
  };
}

/** Prints how new collections of each size are answered. */
function printQuality({ pools, nonPets }, statistics) {
  const { k, temperature } = statistics;
  const share = (count, of) => (count / Math.max(1, of)).toFixed(3);
  const isMatch = ({ decision }) => decision === 'match';
  for (const labels of LABELS) {
    for (const photos of PHOTOS) {
      /** Answers of all collections of this size. */
      const answers = { own: [], others: [], nonPets: [] };
      for (let i = 0; i < 12; i++) {
        const { gallery, ...queries } = drawCollection(pools[i % pools.length], nonPets, labels, photos);
        for (const [kind, asked] of Object.entries(queries)) {
          answers[kind].push(
            ...asked.map((photo) => ({
              ...identifyBreed(findNeighbours(gallery, photo, k), { temperature, statistics }),
              label: photo.label,
            })),
          );
        }
      }
      const matches = answers.own.filter(isMatch);
      const right = matches.filter(({ breed, label }) => breed === label);
      const unknown = answers.own.filter(({ decision }) => decision === 'unknown');
      const matchShare = (of) => share(of.filter(isMatch).length, of.length);
      console.log(
        `${labels} labels x ${photos}: own match ${matchShare(answers.own)} (right ${share(right.length, matches.length)}), unknown ${share(unknown.length, answers.own.length)}; other labels match ${matchShare(answers.others)}; non-pets match ${matchShare(answers.nonPets)}`,
      );
    }
  }
}

/** Samples the cosines of photos of one label, of unrelated pets, and of pets and other photos. */
function sampleCosines({ nonPets, train, val, pools }) {
  const quantilesOf = (draw) => {
    const cosines = Array.from({ length: PAIRS }, () => {
      const [a, b] = draw();
      return computeDot(a.vector, b.vector);
    }).sort((a, b) => a - b);
    const at = (part) => Number(cosines[Math.floor(part * PAIRS)].toFixed(4));
    return { p01: at(0.01), p05: at(0.05), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  };
  const pick = (photos) => photos[Math.floor(random() * photos.length)];
  return {
    sameLabel: quantilesOf(() => {
      const a = pick(val);
      return [a, pick(pools[0].gallery.get(a.label))];
    }),
    unrelated: quantilesOf(() => {
      const a = pick(val);
      let b = pick(train);
      while (b.label === a.label) {
        b = pick(train);
      }
      return [a, b];
    }),
    nonPets: quantilesOf(() => [pick(nonPets), pick(train)]),
  };
}

/** Packs vectors as int8, each scaled by its largest number; the rounding changes cosines by about 0.002. */
function packVectors(vectors) {
  return Buffer.concat(
    vectors.map((vector) => {
      const scale = 127 / vector.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
      return Buffer.from(Int8Array.from(vector, (value) => Math.round(value * scale)).buffer);
    }),
  ).toString('base64');
}

const sets = await readSets();
const statistics = fitStatistics(observeCollections(sets), sets);
printQuality(sets, statistics);
const cosines = sampleCosines(sets);
const { nonPets, fingerprint } = sets;
const subjects = [...new Set(nonPets.map(({ label }) => label))];
const file = {
  formatVersion: 1,
  fingerprint,
  cosines,
  answer: statistics,
  nonPets: {
    source: nonPets[0].metadata.source ?? values.nonpets,
    licence: nonPets[0].metadata.licence ?? '',
    dimension: nonPets[0].vector.length,
    vectors: packVectors(nonPets.map(({ vector }) => vector)),
    groups: nonPets.map(({ label }) => subjects.indexOf(label)),
  },
};
await writeFile(values.out, `${JSON.stringify(file, null, 2)}\n`);
const { thresholds, right, known } = statistics;
console.log(JSON.stringify({ cosines, thresholds, right, known }));
