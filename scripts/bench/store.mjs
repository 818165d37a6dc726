/**
 * Compares the embedded store with plain hnswlib-node on the same vectors and with the same M, efConstruction and ef. Each
 * runs in its own process, and queries per second are measured alternately. `--mixed` measures searches while adding,
 * `--tune` compares settings of the graph.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { GRAPH_SETTINGS } from '../../dist/store/embedded/graph/graph.js';
import { fromRoot, parseOptions } from '../lib/options.mjs';
import { startChild } from './lib/child.mjs';
import { machine, median } from './lib/harness.mjs';
import { measureMixedLoad } from './lib/store-mixed.mjs';
import {
  createVectorSource,
  estimateIntrinsicDimension,
  findGroundTruth,
  writeVectors,
} from './lib/store-vectors.mjs';

const [{ M, efConstruction }] = GRAPH_SETTINGS;
const { values: args } = parseOptions(
  `npm run bench:store -- [options]

  --sizes LIST    numbers of vectors (default 1000,10000,100000; 1000000 takes about 40 minutes)
  --dimension N   length of the vectors (default 256)
  --target R      recall@10 that ef is tuned for (default 0.99)
  --rounds N      rounds of queries, alternating between store and hnswlib (default 15)
  --seconds N     length of a round (default 1)
  --m N, --ef-construction N   for plain hnswlib-node; needs --tune
  --tune          only build and query plain hnswlib-node, and compare the vectors with the gallery's
  --mixed         search while adding, at the last size
  --json          print one JSON object`,
  {
    sizes: '1000,10000,100000',
    dimension: '256',
    target: '0.99',
    rounds: '15',
    seconds: '1',
    m: String(M),
    'ef-construction': String(efConstruction),
    tune: false,
    mixed: false,
    json: false,
  },
);

const K = 10;
const QUERIES = 512;
const BATCH = 256;
const EFS = [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512];
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const dimension = Number(args.dimension);
const log = (line) => {
  if (!args.json) {
    console.log(line);
  }
};

async function prepare(count, folder) {
  const breeds = Math.max(80, Math.round(count / 1000));
  const vectors = path.join(folder, 'vectors.f32');
  writeVectors(vectors, count, { dimension, breeds, seed: 2 });
  const next = createVectorSource({ dimension, breeds, seed: 3 });
  const queries = Array.from({ length: QUERIES }, () => next());
  const truth = findGroundTruth(vectors, queries, dimension, K);
  return { vectors, queries: queries.map((query) => Array.from(query)), truth };
}

/** Compares the intrinsic dimensions of the gallery and of as many generated vectors. */
async function compareWithGallery() {
  const { buffer } = new Uint8Array(await readFile(fromRoot('models/gallery.parquet')));
  const rows = await parquetReadObjects({ file: buffer, columns: ['embedding'] });
  const next = createVectorSource({ dimension, breeds: 81, seed: 2 });
  const gallery = estimateIntrinsicDimension(rows.map(({ embedding }) => Float32Array.from(embedding)));
  const made = estimateIntrinsicDimension(Array.from(rows, next));
  log(`intrinsic dimension: gallery ${gallery.toFixed(1)}, generated vectors ${made.toFixed(1)}`);
}

const settings = (count, vectors, folder) =>
  JSON.stringify({
    dimension,
    vectors,
    count,
    k: K,
    batch: BATCH,
    dataDir: path.join(folder, 'data'),
    M: Number(args.m),
    efConstruction: Number(args['ef-construction']),
  });

async function measure(count, folder) {
  const { vectors, queries, truth } = await prepare(count, folder);
  const bare = startChild(here('lib/store-bare.mjs'), settings(count, vectors, folder));
  const bareBuild = await bare.call('build');
  const tuned = await bare.call('tune', queries, truth, Number(args.target), EFS);
  const seconds = Number(args.seconds);
  const result = { count, ...tuned, bare: { ...bareBuild } };
  if (args.tune) {
    result.bare.qps = await bare.call('rate', seconds);
    await bare.stop();
    return result;
  }
  const store = startChild(here('lib/store-pawdex.mjs'), settings(count, vectors, folder));
  result.store = await store.call('build');
  result.store.recall = await store.call('tune', queries, truth, tuned.ef);
  const rates = { bare: [], store: [] };
  for (let round = 0; round < Number(args.rounds); round++) {
    rates.bare.push(await bare.call('rate', seconds));
    rates.store.push(await store.call('rate', seconds, tuned.ef));
  }
  result.bare.qps = median(rates.bare);
  result.store.qps = median(rates.store);
  result.ratio = median(rates.store.map((rate, i) => rate / rates.bare[i]));
  Object.assign(result.bare, await bare.call('saveAndLoad', path.join(folder, 'bare.hnsw')));
  await bare.stop();
  Object.assign(result.store, await store.call('saveAndLoad', tuned.ef));
  await store.call('close');
  await store.stop();
  return result;
}

function report({ count, ef, recall, bare, store, ratio }) {
  const ms = (value) => `${(value / 1000).toFixed(2)} s`;
  log(`\n${count.toLocaleString('en')} vectors, ef ${ef}`);
  log(
    `  hnswlib  recall ${recall.toFixed(4)}, ${bare.qps.toFixed(0)} queries/s, built at ${bare.rate.toFixed(0)}/s`,
  );
  if (store === undefined) {
    return;
  }
  log(`           ${bare.memory.toFixed(0)} MiB, save ${ms(bare.save)}, load ${ms(bare.load)}`);
  log(
    `  store    recall ${store.recall.toFixed(4)}, ${store.qps.toFixed(0)} queries/s (${ratio.toFixed(2)} of hnswlib's; ${store.kind}), built at ${store.rate.toFixed(0)}/s (durable and searchable at ${store.putRate.toFixed(0)}/s)`,
  );
  log(
    `           ${store.memory.toFixed(0)} MiB, close ${ms(store.save)}, open ${ms(store.opened)}, first answer after ${ms(store.firstAnswer)}, graph after ${ms(store.load)}, ${(store.bytes / 2 ** 20).toFixed(0)} MiB on disk`,
  );
}

const sizes = args.sizes.split(',').map(Number);
log(
  `${machine()}; M ${args.m}, efConstruction ${args['ef-construction']}, ${dimension} dimensions, recall@${K}`,
);
if (args.tune) {
  await compareWithGallery();
}
const results = [];
for (const count of args.mixed ? sizes.slice(-1) : sizes) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-bench-'));
  try {
    const result = args.mixed
      ? await measureMixedLoad(count, dimension, folder, log)
      : await measure(count, folder);
    if (!args.mixed) {
      report(result);
    }
    results.push(result);
  } finally {
    await rm(folder, { recursive: true });
  }
}
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), results }));
}
