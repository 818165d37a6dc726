/** Runs plain hnswlib-node in its own process, as a baseline for the store. The argument is JSON with the settings. */
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { residentMiB, serve } from './child.mjs';
import { readVectors, recall } from './store-vectors.mjs';

const { HierarchicalNSW } = createRequire(import.meta.url)('hnswlib-node');
const { dimension, vectors, count, M, efConstruction, k } = JSON.parse(process.argv[2]);
let index;
let queries;

/** @returns queries per second over at least `seconds` */
function rate(seconds) {
  let done = 0;
  const start = performance.now();
  do {
    for (const query of queries) {
      index.searchKnn(query, k);
    }
    done += queries.length;
  } while (performance.now() - start < seconds * 1000);
  return (done / (performance.now() - start)) * 1000;
}

serve({
  build() {
    const before = residentMiB();
    index = new HierarchicalNSW('ip', dimension);
    index.initIndex(count, M, efConstruction);
    let row = 0;
    let ms = 0;
    for (const chunk of readVectors(vectors, dimension)) {
      const points = Array.from({ length: chunk.length / dimension }, (_, i) =>
        Array.from(chunk.subarray(i * dimension, (i + 1) * dimension)),
      );
      const start = performance.now();
      for (const point of points) {
        index.addPoint(point, row++);
      }
      ms += performance.now() - start;
    }
    return { rate: (row / ms) * 1000, memory: residentMiB() - before };
  },

  /** Raises ef until the recall reaches the target. @returns the ef and its recall */
  tune(queryVectors, truth, target, efs) {
    queries = queryVectors;
    for (const ef of efs) {
      index.setEf(ef);
      const found = queries.map((query) => index.searchKnn(query, k).neighbors);
      const reached = recall(found, truth);
      if (reached >= target || ef === efs.at(-1)) {
        return { ef, recall: reached };
      }
    }
  },

  /** Returns the rows found for each query. */
  find(queryVectors, ef) {
    queries = queryVectors;
    index.setEf(ef);
    return queries.map((query) => index.searchKnn(query, k).neighbors);
  },

  remove(rows) {
    for (const row of rows) {
      index.markDelete(row);
    }
  },

  rate,

  async saveAndLoad(file) {
    const ef = index.getEf();
    let start = performance.now();
    await index.writeIndex(file);
    const save = performance.now() - start;
    const loaded = new HierarchicalNSW('ip', dimension);
    start = performance.now();
    await loaded.readIndex(file);
    const load = performance.now() - start;
    loaded.setEf(ef);
    index = loaded;
    return { save, load, bytes: (await stat(file)).size };
  },
});
