/** Measures the latency of searches before, during and after items are added. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedStore } from '../../../dist/store/embedded/open-embedded-store.js';
import { percentile } from './harness.mjs';
import { createItem, createVectorSource, waitForGraph } from './store-vectors.mjs';

const NAME = 'bench';
const SECONDS = 15;
/** Loads: photos per put, and puts per second. null means as fast as puts are acknowledged. */
const LOADS = [
  { items: 16, perSecond: 15 },
  { items: 16, perSecond: 60 },
  { items: 64, perSecond: null },
];
const SEARCHERS = [1, 8];

function percentiles(times) {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(times, share));
  return { p50, p95, p99, max: Math.max(...times), n: times.length };
}

/** @returns one entry per load: rates and latencies in ms */
export async function measureMixedLoad(count, dimension, folder, log) {
  const make = createVectorSource({ dimension, breeds: Math.max(80, Math.round(count / 1000)), seed: 2 });
  // Generated beforehand and reused under new ids, since generating vectors would block the thread that measures searches.
  const pool = Array.from({ length: 20_000 }, make);
  let row = 0;
  const next = () => (row < count ? make() : pool[row % pool.length]);
  const thumbnail = new Uint8Array(8000).fill(7);
  const items = (n) => Array.from({ length: n }, () => createItem(row++, next(), { thumbnail }));
  const store = await openEmbeddedStore({ dataDir: path.join(folder, 'data') });
  await store.createCollection({ name: NAME, dimension, fingerprint: 'bench', model: 'bench' });
  while (row < count) {
    await store.put(NAME, items(Math.min(256, count - row)));
  }
  await waitForGraph(store, NAME);
  const queries = Array.from({ length: 500 }, make);

  async function run(searchers, load) {
    const times = [];
    let added = 0;
    const until = performance.now() + SECONDS * 1000;
    const search = async (s) => {
      for (let i = s; performance.now() < until; i++) {
        const start = performance.now();
        await store.search(NAME, queries[i % queries.length], { k: 20 });
        times.push(performance.now() - start);
      }
    };
    const add = async () => {
      const start = performance.now();
      for (let i = 0; performance.now() < until; i++) {
        if (load.perSecond !== null) {
          await sleep(start + (i * 1000) / load.perSecond - performance.now());
        }
        await store.put(NAME, items(load.items));
        added += load.items;
      }
    };
    await Promise.all([
      ...Array.from({ length: searchers }, (_, s) => search(s * 61)),
      ...(load === null ? [] : [add()]),
    ]);
    return { searchers, load, addsPerSecond: added / SECONDS, ...percentiles(times) };
  }

  const results = [];
  for (const searchers of SEARCHERS) {
    for (const load of [null, ...LOADS]) {
      const result = await run(searchers, load);
      results.push(result);
      const { p50, p95, p99, max, n, addsPerSecond } = result;
      log(
        `  ${searchers} searching, ${addsPerSecond.toFixed(0)} items/s added: ${(n / SECONDS).toFixed(0)} searches/s, ` +
          `p50 ${p50.toFixed(2)}, p95 ${p95.toFixed(2)}, p99 ${p99.toFixed(2)}, max ${max.toFixed(1)} ms`,
      );
      await waitForGraph(store, NAME);
    }
  }
  await store.close();
  return { count, results };
}
