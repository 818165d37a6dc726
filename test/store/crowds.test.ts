/** Searches find the nearest items whatever shape the collection has: the graph alone does not, see groups.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { NewItem, Store } from '../../src/store/store.js';
import { CROWD_DIMENSION, galleryVectors, itemsOf, near, recallOf, shuffled } from './crowds.js';
import { random } from './items.js';
import { graphBuilt } from './search-contract.js';

const K = 10;
let photos: Float32Array[];
let unseen: Float32Array[];
let dataDir: string;
let store: Store;

beforeAll(async () => {
  const gallery = shuffled(await galleryVectors());
  unseen = gallery.slice(0, 100);
  photos = gallery.slice(100);
});
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-crowds-'));
  store = await openEmbeddedStore({ dataDir });
  await store.createCollection({ name: 'c', dimension: CROWD_DIMENSION, fingerprint: 'f', model: 'm' });
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

async function fill(vectors: Float32Array[]): Promise<NewItem[]> {
  const items = itemsOf(vectors);
  await store.put('c', items);
  await graphBuilt(store, 'c');
  expect((await store.getCollection('c')).index.kind).toBe('hnsw');
  return items;
}

/** Every search finds what an exact one does: photos not stored, and some that are. */
async function expectFullRecall(items: NewItem[]): Promise<void> {
  const stored = shuffled(items).slice(0, 100);
  const queries = [...unseen, ...stored.map(({ vector }) => vector)];
  const found = await store.searchMany('c', queries, { k: K });
  const exact = await store.searchMany('c', queries, { k: K, exact: true });
  const recalls = found.map((hits, i) => recallOf(hits, exact[i]!));
  expect(recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length).toBeGreaterThanOrEqual(0.99);
  expect(Math.min(...recalls)).toBeGreaterThanOrEqual(0.9);
  for (const hits of found) {
    expect(hits).toHaveLength(K);
  }
}

const copies = (count: number, vector: Float32Array) => Array.from({ length: count }, () => vector);
const placeholder = () => photos.at(-1)!;
const crowd = (count: number, similarity: number) => {
  const next = random(5);
  return Array.from({ length: count }, () => near(placeholder(), similarity, next));
};

describe('a collection', () => {
  const shapes: [string, () => Float32Array[]][] = [
    ['300 equal ones', () => shuffled([...photos.slice(0, 1700), ...copies(300, placeholder())])],
    ['2,000 equal ones, put first', () => [...copies(2000, placeholder()), ...photos.slice(0, 2000)]],
    ['700 re-encoded ones', () => shuffled([...photos.slice(0, 1700), ...crowd(700, 0.9995)])],
    ['700 cropped ones', () => shuffled([...photos.slice(0, 1700), ...crowd(700, 0.992)])],
    ['700 of one dense breed', () => shuffled([...photos.slice(0, 1700), ...crowd(700, 0.975)])],
  ];
  it.each(shapes)('finds the neighbours of every photo beside %s', async (_, vectors) => {
    const items = await fill(vectors());
    await expectFullRecall(items);
    await store.close();
    store = await openEmbeddedStore({ dataDir });
    await expectFullRecall(items);
    expect((await store.stats()).notices).toEqual([]);
  });

  it('finds photos that were put in sorted order', async () => {
    await expectFullRecall(await fill(photos.slice(0, 2000).sort((a, b) => a[0]! - b[0]!)));
  });
});

it('a dense region costs no query any neighbours, although the graph alone misses some', async () => {
  const shapes = '../../scripts/bench/lib/adversarial-shapes.mjs';
  const { SHAPES, createQueries } = await import(shapes);
  const { vectors }: { vectors: Float32Array[] } = SHAPES['2,000 at 0.97, all directions']();
  await fill(vectors);
  const { unseen: others, stored } = createQueries(vectors, 300);
  const queries: Float32Array[] = [...others, ...stored].map((query) => Float32Array.from(query));
  const found = await store.searchMany('c', queries, { k: K });
  const exact = await store.searchMany('c', queries, { k: K, exact: true });
  expect(found.filter((hits, i) => recallOf(hits, exact[i]!) < 1)).toEqual([]);
});

describe('equal photos', () => {
  it('are all found in the order of their puts, by the graph and by an exact search', async () => {
    const items = await fill([...copies(60, placeholder()), ...photos.slice(0, 1500)]);
    const query = placeholder();
    const [graph] = await store.searchMany('c', [query], { k: 60 });
    const [exact] = await store.searchMany('c', [query], { k: 60, exact: true });
    expect(graph!.map(({ id }) => id)).toEqual(exact!.map(({ id }) => id));
    expect(exact!.map(({ id }) => id)).toEqual(items.slice(0, 60).map(({ id }) => id));
  });

  it.each([0.1, 0.5, 0.9])(
    'stay reachable if %f of them and of the others are deleted, even after a restart',
    async (share) => {
      const items = await fill([...copies(500, placeholder()), ...photos.slice(0, 2500)]);
      const isGone = ({ id }: NewItem) => Number.parseInt(id.slice(0, 4), 16) < share * 0x10000;
      // The first of the equal ones are the nodes of the graph that the others depend on.
      const gone = items.filter((each, i) => i < 40 || isGone(each));
      const left = items.filter((each) => !gone.includes(each));
      await store.deleteItems('c', { ids: gone.map(({ id }) => id) });
      await expectFullRecall(left);
      await store.close();
      store = await openEmbeddedStore({ dataDir });
      await expectFullRecall(left);
    },
  );
});
