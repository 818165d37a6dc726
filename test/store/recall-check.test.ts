/** A graph checks its own recall; one that finds too little is not used, and is replaced. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { itemsOf, recallOf } from './crowds.js';
import { vectorOf } from './items.js';

const D = 8;
const WAIT = { timeout: 60_000, interval: 20 };
const vectors = Array.from({ length: 3000 }, (_, n) => vectorOf(n, D));
let dataDir: string;
let store: Store;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-recall-'));
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

async function open(graphLibrary?: string): Promise<void> {
  store = await openEmbeddedStore({ dataDir, graphLibrary });
}
const index = async () => (await store.getCollection('c')).index;

it('reports the recall of a graph once it is built, and again after a restart', async () => {
  await open();
  await store.createCollection({ name: 'c', dimension: D, fingerprint: 'f', model: 'm' });
  expect(await index()).toEqual({ kind: 'exact', indexed: 0, sampledRecall: null });
  expect((await store.stats()).sampledRecall).toBeNull();
  await store.put('c', itemsOf(vectors));
  await vi.waitFor(async () => expect((await index()).sampledRecall).toBeGreaterThanOrEqual(0.98), WAIT);
  await vi.waitFor(
    async () => expect(await index()).toMatchObject({ kind: 'hnsw', indexed: vectors.length }),
    30_000,
  );
  await store.close();
  await open();
  await vi.waitFor(
    async () => expect((await store.stats()).sampledRecall).toBeGreaterThanOrEqual(0.98),
    WAIT,
  );
}, 120_000);

it('answers exactly instead of from a graph with low recall, until one with other settings is better', async () => {
  await open(fileURLToPath(new URL('../fixtures/lossy-hnswlib.cjs', import.meta.url)));
  await store.createCollection({ name: 'c', dimension: D, fingerprint: 'f', model: 'm' });
  await store.put('c', itemsOf(vectors));
  await vi.waitFor(async () => expect((await index()).sampledRecall).toBeLessThan(0.98), WAIT);
  const queries = Array.from({ length: 20 }, (_, n) => vectorOf(10_000 + n, D));
  const expectAllFound = async () => {
    const found = await store.searchMany('c', queries, { k: 10 });
    const exact = await store.searchMany('c', queries, { k: 10, exact: true });
    for (const [i, hits] of found.entries()) {
      expect(recallOf(hits, exact[i]!)).toBe(1);
    }
  };
  await expectAllFound();
  await vi.waitFor(
    async () => expect(await index()).toMatchObject({ kind: 'hnsw', indexed: vectors.length }),
    WAIT,
  );
  expect((await index()).sampledRecall).toBeGreaterThanOrEqual(0.98);
  await expectAllFound();
  const { notices } = await store.stats();
  expect(notices).not.toEqual([]);
  for (const notice of notices) {
    expect(notice).toMatch(/^Collection c: its graph found \d+\.\d % .*; searches are exact/);
  }
}, 180_000);
