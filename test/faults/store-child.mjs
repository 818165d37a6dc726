/**
 * A process that uses a store until it is killed or done; it says on its standard output, line by line, what
 * has been acknowledged. Arguments: what to do, the data directory, the number to start from.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { importCollection } from '../../dist/engine/import-collection.js';
import { openEmbeddedStore } from '../../dist/store/embedded/open-embedded-store.js';
import { compactDirectory } from '../../dist/store/embedded/sqlite/database.js';
import { restoreSnapshot } from '../../dist/store/embedded/sqlite/database-snapshot.js';

const DIMENSION = 16;
const [, , task, dataDir, start = '0'] = process.argv;
const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);

/** Must give the same items as `faultItem` of the tests. */
function item(n) {
  const sha256 = createHash('sha256').update(`fault ${n}`).digest('hex');
  return {
    id: `item-${n}`,
    label: `breed-${n % 7}`,
    source: null,
    sha256,
    size: n,
    metadata: { n },
    thumbnail: Uint8Array.from({ length: 200 }, (_, i) => (n + i) & 255),
    vector: Float32Array.from({ length: DIMENSION }, (_, i) => Math.sin((n + 1) * (i + 1) * 0.37)),
  };
}
const range = (from, count) => Array.from({ length: count }, (_, i) => item(from + i));

async function openWithCollection() {
  const store = await openEmbeddedStore({ dataDir });
  if ((await store.listCollections()).length === 0) {
    await store.createCollection({ name: 'pets', dimension: DIMENSION, fingerprint: 'f', model: 'm' });
  }
  return store;
}

async function graphBuilt(store) {
  for (;;) {
    const { index, count } = await store.getCollection('pets');
    if (index.kind === 'hnsw' && index.indexed === count) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const attempt = (work) =>
  work.then(
    () => 'ok',
    (error) => error.code,
  );

/** Takes what room the disk has left. */
function fillUp(file) {
  try {
    for (;;) {
      appendFileSync(file, Buffer.alloc(4096, 1));
    }
  } catch (error) {
    if (error.code !== 'ENOSPC') {
      throw error;
    }
  }
}

const tasks = {
  /** Puts of 1-20 items, four at a time, for ever. */
  async puts() {
    const store = await openWithCollection();
    let next = Number(start);
    const worker = async () => {
      for (;;) {
        const from = next;
        const count = 1 + (from % 20);
        next += count;
        await store.put('pets', range(from, count));
        say('put', from, count);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  },

  /** Opens, adds, waits for the graph, closes (which saves the graph), over and over. */
  async snapshots() {
    for (let from = Number(start); ; from += 1000) {
      const store = await openWithCollection();
      const count = from === 0 ? 5000 : 1000;
      await store.put('pets', range(from === 0 ? 0 : from + 4000, count));
      say('put', from === 0 ? 0 : from + 4000, count);
      await graphBuilt(store);
      say('closing');
      await store.close();
    }
  },

  /** Puts and writes snapshots, over and over. */
  async backups() {
    const store = await openWithCollection();
    (async () => {
      for (let from = Number(start); ; from += 20) {
        await store.put('pets', range(from, 20));
        say('put', from, 20);
      }
    })();
    for (;;) {
      const { name, collections } = await store.createSnapshot();
      say('kept', name, collections[0].items);
    }
  },

  /** Makes the data directory of a snapshot. */
  restore() {
    say('restoring');
    restoreSnapshot(process.env.SNAPSHOT, dataDir);
    say('restored');
  },

  /** Imports a file that has a collection in it; the encoder of its vectors is known. */
  async import() {
    const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
    const primary = { encoder: { info: { fingerprint: 'f', dimension: DIMENSION, name: 'm' } } };
    const encoders = { primary, find: async (fingerprint) => (fingerprint === 'f' ? primary : null) };
    const parts = { store, encoders, spaces: { require: async () => {} } };
    say('importing');
    const { created, exists, verified, different, failed } = await importCollection(
      parts,
      'pets',
      process.env.PARQUET,
      { onBatch: async ({ done }) => say('stored', done) },
    );
    say('imported', created, exists, verified, different, failed);
    await store.close();
  },

  /** Moves the items to another space, whose vectors are the cosines of the numbers that those of the old are sines of. */
  async reembed() {
    const store = await openEmbeddedStore({ dataDir });
    await store.beginReembedding('pets', { fingerprint: 'g', dimension: DIMENSION, model: 'next' });
    say('moving');
    let cursor;
    do {
      const { items, next } = await store.listUnembedded('pets', { limit: 40, cursor });
      const vectors = items.map(({ id, size: n }) => ({
        id,
        vector: Float32Array.from({ length: DIMENSION }, (_, i) => Math.cos((n + 1) * (i + 1) * 0.37)),
      }));
      say('stored', await store.putSuccessorVectors('pets', 'g', vectors));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    while ((await store.finishReembedding('pets', 'g')).state !== 'swapped') {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    say('swapped');
    await store.close();
  },

  /** Gives the space of deleted items back, over and over. */
  compact() {
    for (;;) {
      say('compacting');
      compactDirectory(dataDir);
    }
  },

  /** Opens the store and says so once it is ready. */
  async open() {
    say('opening');
    const store = await openEmbeddedStore({ dataDir, acceptDamage: process.env.ACCEPT_DAMAGE === 'true' });
    await store.ready();
    say('ready');
    await store.close();
    say('closed');
  },

  /** Holds the store open until killed. */
  async hold() {
    await openWithCollection();
    say('open');
    setInterval(() => {}, 1000);
  },

  /** Opens a database of an earlier format on a full disk, then frees some of the disk, and opens it again. */
  async upgrade() {
    const use = async () => {
      const store = await openWithCollection();
      await store.ready();
      const [hit] = await store.search('pets', item(3).vector, { k: 1 });
      say('found', hit.item.id, await store.count('pets', { metadata: { n: 7 } }));
      const outcomes = [
        await attempt(store.put('pets', [item(5000)])),
        await attempt(store.updateCollection('pets', { originals: 'full' })),
      ];
      say('changed', ...outcomes, await store.count('pets'));
      return store;
    };
    fillUp(process.env.FILLER);
    const store = await use();
    rmSync(process.env.FILLER);
    say('freed', await attempt(store.put('pets', [item(5000)])));
    await store.close();
    await (await use()).close();
  },

  /** Fills a small disk, frees some of it when it is full, and goes on. */
  async fill() {
    const store = await openWithCollection();
    let n = 0;
    let outcome = 'ok';
    for (; outcome === 'ok'; n += outcome === 'ok' ? 50 : 0) {
      outcome = await attempt(store.put('pets', range(n, 50)));
    }
    say('refused', outcome, n);
    say('again', await attempt(store.put('pets', range(n, 50))));
    say('count', await store.count('pets'));
    const [hit] = await store.search('pets', item(3).vector, { k: 1 });
    say('found', hit.item.id, (await store.getItem('pets', 'item-7')).label);
    if (process.env.BALLAST) {
      rmSync(process.env.BALLAST);
      say('freed', await attempt(store.put('pets', range(n, 50))));
      say('count', await store.count('pets'));
    }
    const { index } = await store.getCollection('pets');
    say('index', index.kind);
    if (process.env.FILLER) {
      fillUp(process.env.FILLER);
    }
    if (index.kind !== 'exact') {
      await graphBuilt(store);
    }
    const graphs = () => (existsSync(`${dataDir}/graphs`) ? readdirSync(`${dataDir}/graphs`).sort() : []);
    // A save in the background may be under way; what it leaves is what was there before.
    for (let seen = ''; seen !== graphs().join(); await new Promise((resolve) => setTimeout(resolve, 300))) {
      seen = graphs().join();
    }
    say('before', ...graphs());
    await store.close();
    say('after', ...graphs());
    const again = await openWithCollection();
    say('reopened', await again.count('pets'), (await again.stats()).notices.length);
    await again.close();
  },
};

await tasks[task]();
