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
import { packVectors } from '../../dist/breeds/similarity-statistics.js';
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
const dropped = values.without === undefined ? [] : await readFileNames(values.without);
const heldOut = values.only === undefined ? [] : await readFileNames(values.only);
const isListed =
  (names) =>
  ({ file }) =>
    names.some((name) => file.endsWith(name));
const specs = [values.nonpets, values.train, values.val, ...(values.more === undefined ? [] : [values.more])];
const { sets, card, fingerprint } = await embedSets(values, specs);
const [nonPets, train, val, more] = sets.map(({ items, vectors }) =>
  items.map((item, row) => ({ ...item, vector: getRow(vectors, row) })),
);
const { k, temperature } = card.vote;
const random = createRandom(1);
const drawFrom = (photos, count) => shuffle(photos, random).slice(0, count);

const byLabel = (photos) => groupBy(photos, ({ label }) => label);
const trained = { gallery: byLabel(train), queries: byLabel(val) };
const isDropped = isListed(dropped);
const kept = (more ?? []).filter((photo) => !isDropped(photo));
const untrained = {
  gallery: byLabel(kept),
  queries: byLabel(values.only === undefined ? kept : kept.filter(isListed(heldOut))),
};

/** Draws a collection of `labels` labels with `photos` photos each, and its queries. */
function drawCollection(pool, labels, photos) {
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

function neighboursOf(gallery, { vector }) {
  return gallery
    .map((photo) => ({ label: photo.label, similarity: computeDot(photo.vector, vector) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, k);
}

function observe(gallery, photo) {
  const neighbours = neighboursOf(gallery, photo);
  const candidates = vote(neighbours, temperature);
  const features = computeFeatures({ neighbours, candidates });
  // The distance of the twentieth neighbour depends on how many photos a label has, so it says nothing about collections in
  // general.
  features[2] = 0;
  return { features, neighbours, isRight: candidates[0].label === photo.label };
}

const asked = { own: [], others: [], nonPets: [] };
const pools = kept.length === 0 ? [trained] : [trained, trained, untrained];
for (let i = 0; i < COLLECTIONS; i++) {
  const { gallery, ...questions } = drawCollection(
    pools[i % pools.length],
    LABELS[i % LABELS.length],
    PHOTOS[Math.floor(i / LABELS.length) % PHOTOS.length],
  );
  for (const [kind, photos] of Object.entries(questions)) {
    asked[kind].push(...photos.map((photo) => observe(gallery, photo)));
  }
}

const total = asked.own.length;
const weighted = (of, share, target) =>
  of.map((one) => ({ features: one.features, target: target(one), weight: (share * total) / of.length }));
const known = fitIncreasing(
  [
    ...weighted(asked.own, 1, () => 1),
    ...weighted(asked.others, WEIGHT.others, () => 0),
    ...weighted(asked.nonPets, WEIGHT.nonPets, () => 0),
  ],
  1,
);
const right = fitIncreasing(
  [
    ...weighted(asked.own, 1, ({ isRight }) => (isRight ? 1 : 0)),
    ...weighted(asked.others, WEIGHT.others, () => 0),
    ...weighted(asked.nonPets, WEIGHT.nonPets, () => 0),
  ],
  1,
);
const ascending = (of, model) => of.map(({ features }) => predict(model, features)).sort((a, b) => a - b);
const knownOwn = ascending(asked.own, known);
const rightNonPets = ascending(asked.nonPets, right);
const thresholds = {
  known: knownOwn[Math.floor(REFUSED * knownOwn.length)],
  match: Math.max(0.5, rightNonPets[Math.ceil((1 - FALSE_MATCHES) * rightNonPets.length) - 1]),
};
const statistics = {
  formatVersion: 1,
  fingerprint,
  k,
  temperature,
  features: FEATURES,
  right,
  known,
  thresholds,
  fittedOn: { queries: total, labelsHeldOut: asked.others.length, nonPets: asked.nonPets.length },
};

const share = (count, of) => (count / Math.max(1, of)).toFixed(3);
for (const labels of LABELS) {
  for (const photos of PHOTOS) {
    const counts = {
      own: 0,
      ownMatch: 0,
      ownRight: 0,
      ownUnknown: 0,
      others: 0,
      othersMatch: 0,
      nonPets: 0,
      nonPetMatch: 0,
    };
    for (let i = 0; i < 12; i++) {
      const { gallery, own, others, nonPets: none } = drawCollection(pools[i % pools.length], labels, photos);
      const decide = (photo) => identifyBreed(neighboursOf(gallery, photo), { temperature, statistics });
      for (const photo of own) {
        const { decision, breed } = decide(photo);
        counts.own++;
        counts.ownMatch += decision === 'match' ? 1 : 0;
        counts.ownRight += decision === 'match' && breed === photo.label ? 1 : 0;
        counts.ownUnknown += decision === 'unknown' ? 1 : 0;
      }
      counts.others += others.length;
      counts.othersMatch += others.filter((photo) => decide(photo).decision === 'match').length;
      counts.nonPets += none.length;
      counts.nonPetMatch += none.filter((photo) => decide(photo).decision === 'match').length;
    }
    console.log(
      `${labels} labels x ${photos}: own match ${share(counts.ownMatch, counts.own)} (right ${share(counts.ownRight, counts.ownMatch)}), unknown ${share(counts.ownUnknown, counts.own)}; other labels match ${share(counts.othersMatch, counts.others)}; non-pets match ${share(counts.nonPetMatch, counts.nonPets)}`,
    );
  }
}

/** Random pairs whose cosines are sampled. */
const PAIRS = 20000;
function quantilesOf(draw) {
  const cosines = Array.from({ length: PAIRS }, () => {
    const [a, b] = draw();
    return computeDot(a.vector, b.vector);
  }).sort((a, b) => a - b);
  const at = (part) => Number(cosines[Math.floor(part * PAIRS)].toFixed(4));
  return { p01: at(0.01), p05: at(0.05), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
const pick = (photos) => photos[Math.floor(random() * photos.length)];
const subjects = [...new Set(nonPets.map(({ label }) => label))];
const file = {
  formatVersion: 1,
  fingerprint,
  cosines: {
    sameLabel: quantilesOf(() => {
      const a = pick(val);
      return [a, pick(trained.gallery.get(a.label))];
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
  },
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
console.log(JSON.stringify({ cosines: file.cosines, thresholds, right, known }));
