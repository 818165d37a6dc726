/**
 * Measures recall and cost for collections that are difficult for graphs. Compares the store with plain hnswlib-node on the
 * same vectors, each in its own process.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GRAPH_SETTINGS } from '../../dist/store/embedded/graph/graph.js';
import { parseOptions } from '../lib/options.mjs';
import { createQueries, SHAPES } from './lib/adversarial-shapes.mjs';
import { startChild } from './lib/child.mjs';
import { machine, median } from './lib/harness.mjs';

const { values: args } = parseOptions(
  `npm run bench:adversarial -- [options]

  --shapes WORD   only shapes whose name contains this
  --queries N     stored and as many unseen queries per shape (default 300)
  --rounds N      rounds of queries, alternating between store and hnswlib (default 3)
  --seconds N     length of a round (default 0.5)
  --json          print one JSON object`,
  { shapes: '', queries: '300', rounds: '3', seconds: '0.5', json: false },
);

const K = 10;
/** The store's default. */
const EF = 96;
/** Similarities that differ by less than this count as equal. */
const SAME = 1e-5;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/** Finds the similarity of the k-th nearest vector that is not deleted. */
function findKthSimilarity(vectors, gone, query) {
  const scores = vectors.filter((_, row) => !gone.has(row)).map((vector) => dot(vector, query));
  return scores.sort((a, b) => b - a)[K - 1];
}

/** Computes the mean and worst recall. Any hit that is as near as the k nearest counts. */
function recallOf(found, truth, queries, vectors, gone) {
  const recalls = found.map((rows, i) => {
    const right = new Set(rows).size === rows.length ? rows : [];
    const near = right.filter((row) => !gone.has(row) && dot(vectors[row], queries[i]) >= truth[i] - SAME);
    return near.length / K;
  });
  const mean = recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
  return { mean, worst: Math.min(...recalls), bad: recalls.filter((recall) => recall < 0.99).length };
}

function writeFile(file, vectors) {
  const handle = openSync(file, 'w');
  for (const vector of vectors) {
    writeSync(handle, new Uint8Array(Float32Array.from(vector).buffer));
  }
  closeSync(handle);
}

async function measure(name, folder) {
  const { vectors, deleted = [] } = SHAPES[name]();
  const gone = new Set(deleted);
  const file = path.join(folder, 'vectors.f32');
  writeFile(file, vectors);
  const sets = createQueries(vectors, Number(args.queries));
  const queries = [...sets.unseen, ...sets.stored].map((query) => Array.from(query));
  const truth = queries.map((query) => findKthSimilarity(vectors, gone, query));
  const settings = JSON.stringify({
    dimension: vectors[0].length,
    vectors: file,
    count: vectors.length,
    k: K,
    batch: 64,
    dataDir: path.join(folder, 'data'),
    ...GRAPH_SETTINGS[0],
  });
  const children = {
    hnswlib: startChild(here('lib/store-bare.mjs'), settings),
    store: startChild(here('lib/store-pawdex.mjs'), settings),
  };
  const result = { name, count: vectors.length, deleted: deleted.length };
  for (const [side, child] of Object.entries(children)) {
    const built = await child.call('build');
    if (deleted.length > 0) {
      await child.call('remove', deleted);
    }
    const found = await child.call('find', queries, EF);
    result[side] = { ...built, ...recallOf(found, truth, queries, vectors, gone), rates: [] };
  }
  result.store.index = await children.store.call('sampledRecall');
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const [side, child] of Object.entries(children)) {
      result[side].rates.push(await child.call('rate', Number(args.seconds)));
    }
  }
  for (const side of [result.hnswlib, result.store]) {
    side.qps = median(side.rates);
  }
  await children.store.call('close');
  await Promise.all(Object.values(children).map((child) => child.stop()));
  return result;
}

const side = ({ mean, worst, bad, qps, rate, memory }) =>
  `${mean.toFixed(4)} | ${worst.toFixed(1)} | ${bad} | ${qps.toFixed(0)} | ${rate.toFixed(0)} | ${memory.toFixed(0)}`;

const results = [];
if (!args.json) {
  console.log(`${machine()}; recall@${K} of ${2 * Number(args.queries)} queries, ef ${EF}\n`);
  console.log(
    '| shape | hnswlib: recall | worst | below 0.99 | queries/s | built/s | MiB | store: recall | worst | below 0.99 | queries/s | built/s | MiB | its own check |',
  );
  console.log(`|---|${'--:|'.repeat(13)}`);
}
for (const name of Object.keys(SHAPES).filter((shape) => shape.includes(args.shapes))) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-bench-'));
  try {
    const result = await measure(name, folder);
    results.push(result);
    const { kind, sampledRecall } = result.store.index;
    const own = sampledRecall === null ? kind : `${sampledRecall.toFixed(3)} (${kind})`;
    if (!args.json) {
      console.log(`| ${name} | ${side(result.hnswlib)} | ${side(result.store)} | ${own} |`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), results }));
}
