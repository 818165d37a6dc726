/**
 * Measures operations on a large collection, such as counting, relabelling, deleting and backing up. For each it prints the
 * time, the peak memory, and how long concurrent searches take.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig } from '../../dist/config.js';
import { openLocalEngine } from '../../dist/engine/local-engine.js';
import { compactDirectory } from '../../dist/store/embedded/sqlite/database.js';
import { parseOptions } from '../lib/options.mjs';
import { machine, percentile } from './lib/harness.mjs';
import { createItem, createVectorSource, waitForGraph } from './lib/store-vectors.mjs';

const { values: args } = parseOptions(
  `npm run bench:living -- [options]

  --items N       items (default 200000; the changes scale with it)
  --json          print one JSON object`,
  { items: '200000', json: false },
);
const count = Number(args.items);
const NAME = 'bench';
const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-living-'));
const dataDir = path.join(folder, 'data');

function openEngine() {
  const config = parseConfig({ DATA_DIR: dataDir, GALLERY: '', THREADS: 1 }, {});
  const onCrash = (error) => {
    throw error;
  };
  return openLocalEngine({ config, onCrash });
}

let engine = await openEngine();
let { store } = engine;
const { dimension } = engine.encoder;
const LABELS = 100;
/** Bytes of a preview, about the size of a real one. */
const THUMBNAIL = new Uint8Array(6000).fill(7);
/** Pause of the searcher between two searches, in milliseconds. */
const SEARCH_EVERY_MS = 20;

const source = createVectorSource({ dimension, breeds: LABELS, seed: 2 });
// Reused in turn, since generating a vector takes longer than storing it.
const pool = Array.from({ length: Math.min(count, 20_000) }, source);
const queries = Array.from({ length: 500 }, createVectorSource({ dimension, breeds: LABELS, seed: 3 }));
const nudge = (vector, n) => vector.map((value, i) => value * (1 + 0.2 * Math.sin(n * 0.7 + i)));

function createLivingItem(n) {
  return createItem(n, nudge(pool[n % pool.length], n), {
    label: `breed-${n % LABELS}`,
    metadata: {
      species: n % 3 ? 'dog' : 'cat',
      camera: { model: `model ${n % 40}` },
      half: n % 2,
      quarter: n % 4,
      // 200 items have each value, a narrow filter.
      album: Math.floor(n / 200),
    },
    thumbnail: THUMBNAIL,
  });
}

/** Reads the resident memory of this process in MiB, and its peak since the last reset (Linux). */
function readMemory(key) {
  const text = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${key}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024;
}

/** Searches at intervals until stopped. @returns the milliseconds of each search */
function searchMeanwhile(store) {
  let isOver = false;
  const times = [];
  const done = (async () => {
    for (let i = 0; !isOver; i++) {
      const started = performance.now();
      await store.search(NAME, queries[i % queries.length], { k: 20 });
      times.push(performance.now() - started);
      await sleep(SEARCH_EVERY_MS);
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return times;
  };
}

const rows = [];

/** Runs `work` and records its cost. `search`: whether searches run at the same time. */
async function measure(what, store, work, { search = true } = {}) {
  const stop = search ? searchMeanwhile(store) : async () => [];
  let peak = readMemory('VmRSS');
  const watch = setInterval(() => {
    peak = Math.max(peak, readMemory('VmRSS'));
  }, 20);
  const started = performance.now();
  const said = await work();
  const seconds = (performance.now() - started) / 1000;
  clearInterval(watch);
  const times = await stop();
  const row = {
    what,
    seconds,
    peakMiB: peak,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    said,
  };
  rows.push(row);
  if (!args.json) {
    const ms = (value) => (value === null ? '' : value.toFixed(1));
    console.log(
      `| ${what} | ${seconds.toFixed(seconds < 1 ? 3 : 1)} | ${Math.round(peak)} | ${ms(row.p50)} | ${ms(row.p99)} | ${said ?? ''} |`,
    );
  }
}

async function fill(store) {
  await engine.createCollection(NAME);
  for (let n = 0; n < count; n += 256) {
    const items = Array.from({ length: Math.min(256, count - n) }, (_, i) => createLivingItem(n + i));
    await store.put(NAME, items);
  }
}

/** Measures median and p99 of consecutive searches with a filter. */
async function searchFiltered(store, createFilter) {
  const times = [];
  for (let i = 0; i < 300; i++) {
    const started = performance.now();
    await store.search(NAME, queries[i % queries.length], { k: 20, filter: createFilter(i) });
    times.push(performance.now() - started);
  }
  return `median ${percentile(times, 0.5).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`;
}

const load = () => os.loadavg()[0].toFixed(1);
const loadBefore = load();
if (!args.json) {
  console.log(`${machine()}; ${count} items of ${dimension} numbers; load ${loadBefore} at the start\n`);
  console.log('| what | seconds | peak MiB | search p50 ms | search p99 ms | |\n|---|---|---|---|---|---|');
}
await measure(`add ${count}`, store, () => fill(store), { search: false });
await measure('build the graph', store, () => waitForGraph(store, NAME), { search: false });
await measure('nothing else, for 10 s', store, () => sleep(10_000));
await measure('labels with counts', store, async () => `${(await store.listLabels(NAME)).length} labels`);
for (const field of ['species', 'camera.model', 'album']) {
  await measure(
    `facets of ${field}`,
    store,
    async () => `${(await store.listFacets(NAME, field, 1000)).length} values`,
  );
}
const albums = Math.ceil(count / 200);
const byLabel = (i) => ({ label: [`breed-${i % LABELS}`] });
const byAlbum = (i) => ({ metadata: { album: i % albums } });
await measure('300 searches with a label', store, () => searchFiltered(store, byLabel), { search: false });
await measure('300 searches with a narrow metadata value', store, () => searchFiltered(store, byAlbum), {
  search: false,
});
await measure('relabel a quarter, by filter', store, async () => {
  const changed = await store.updateItems(
    NAME,
    { filter: { metadata: { quarter: 1 } } },
    { label: 'renamed' },
  );
  return `${changed} items`;
});
await measure('set a metadata key of a quarter', store, async () => {
  const target = { filter: { metadata: { quarter: 2 } } };
  return `${await store.updateItems(NAME, target, { mergeMetadata: { checked: true } })} items`;
});
await measure(
  'snapshot',
  store,
  async () => `${((await store.createSnapshot()).bytes / 2 ** 20).toFixed(0)} MiB`,
);
const file = path.join(folder, 'collection.parquet');
await measure('export to Parquet', store, async () => {
  const { items, bytes } = await engine.exportCollection(NAME, file);
  return `${items} items, ${(bytes / 2 ** 20).toFixed(0)} MiB`;
});
await measure('import into another collection', store, async () => {
  const { created, verified } = await engine.importCollection('copy', file);
  await engine.deleteCollection('copy');
  return `${created} created, ${verified} verified`;
});
await measure('delete a half, by filter', store, async () => {
  return `${await store.deleteItems(NAME, { filter: { metadata: { half: 1 } } })} items`;
});
await measure('nothing else after that, for 10 s', store, () => sleep(10_000));
await engine.close();
const sizeOf = async () => (await stat(path.join(dataDir, 'pawdex.db'))).size;
await measure(
  'compact',
  null,
  async () => {
    const before = await sizeOf();
    compactDirectory(dataDir);
    return `${(before / 2 ** 20).toFixed(0)} to ${((await sizeOf()) / 2 ** 20).toFixed(0)} MiB`;
  },
  { search: false },
);
await measure(
  'open again',
  null,
  async () => {
    engine = await openEngine();
    ({ store } = engine);
    await store.ready();
    return `${await store.count(NAME)} items`;
  },
  { search: false },
);
await engine.close();
await rm(folder, { recursive: true });
const loads = { loadBefore, loadAfter: load() };
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), count, dimension, ...loads, rows }));
} else {
  console.log(`\nload ${loads.loadAfter} at the end`);
}
