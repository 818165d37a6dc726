/** Runs the embedded store in its own process. The argument is JSON with the settings. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedStore } from '../../../dist/store/embedded/open-embedded-store.js';
import { residentMiB, serve } from './child.mjs';
import { createItem, readVectors, recall, waitForGraph } from './store-vectors.mjs';

const { dimension, vectors, dataDir, k, batch } = JSON.parse(process.argv[2]);
const NAME = 'bench';
const PUT_ITEMS = 256;
let store;
let queries;

const numberOf = (hits) => hits.map((hit) => Number.parseInt(hit.id, 16));

serve({
  async build() {
    const before = residentMiB();
    store = await openEmbeddedStore({ dataDir });
    await store.createCollection({ name: NAME, dimension, fingerprint: 'bench', model: 'bench' });
    let row = 0;
    const start = performance.now();
    for (const chunk of readVectors(vectors, dimension, PUT_ITEMS)) {
      const rows = Array.from({ length: chunk.length / dimension }, (_, i) =>
        createItem(row++, chunk.slice(i * dimension, (i + 1) * dimension)),
      );
      await store.put(NAME, rows);
    }
    const stored = performance.now();
    const kind = await waitForGraph(store, NAME);
    const seconds = (performance.now() - start) / 1000;
    return {
      putRate: (row / (stored - start)) * 1000,
      rate: row / seconds,
      memory: residentMiB() - before,
      kind,
    };
  },

  /** Returns the rows found for each query, with the default ef. */
  async find(queryVectors) {
    queries = queryVectors.map((query) => Float32Array.from(query));
    return (await store.searchMany(NAME, queries, { k })).map(numberOf);
  },

  async remove(rows) {
    await store.deleteItems(NAME, { ids: rows.map((row) => createItem(row).id) });
  },

  /** Waits until the graph has checked its recall. @returns the recall */
  async sampledRecall() {
    for (let waited = 0; waited < 600; waited++) {
      const { index } = await store.getCollection(NAME);
      if (index.kind === 'exact' || index.sampledRecall !== null) {
        return index;
      }
      await sleep(100);
    }
    throw new Error('the graph was not checked within a minute');
  },

  /** Measures recall at the given ef. */
  async tune(queryVectors, truth, ef) {
    queries = queryVectors.map((query) => Float32Array.from(query));
    const found = await store.searchMany(NAME, queries, { k, ef });
    return recall(found.map(numberOf), truth);
  },

  /** Measures queries per second for at least `seconds`, with two batches at a time through the worker. */
  async rate(seconds, ef) {
    const batches = [];
    for (let at = 0; at < queries.length; at += batch) {
      batches.push(queries.slice(at, at + batch));
    }
    let done = 0;
    let next = 0;
    const start = performance.now();
    const until = start + seconds * 1000;
    const run = async () => {
      while (performance.now() < until) {
        const some = batches[next++ % batches.length];
        await store.searchMany(NAME, some, { k, ef });
        done += some.length;
      }
    };
    await Promise.all([run(), run()]);
    return (done / (performance.now() - start)) * 1000;
  },

  async saveAndLoad(ef) {
    let start = performance.now();
    await store.close();
    const save = performance.now() - start;
    start = performance.now();
    store = await openEmbeddedStore({ dataDir });
    const opened = performance.now() - start;
    await store.searchMany(NAME, queries.slice(0, 1), { k, ef });
    const firstAnswer = performance.now() - start;
    await waitForGraph(store, NAME);
    const load = performance.now() - start;
    const { notices, diskBytes } = await store.stats();
    if (notices.length > 0) {
      throw new Error(notices.join(' '));
    }
    return { save, opened, firstAnswer, load, bytes: diskBytes };
  },

  close: () => store.close(),
});
