/** What becomes of a collection's graph when most of its items, or all of them, are deleted. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { item, nearestIds, vectorOf } from './items.js';

const D = 8;
const MANY = 2000;
const items = (from: number) => Array.from({ length: MANY }, (_, i) => item(from + i, D));

let dataDir: string;
let store: Store;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-graph-'));
  store = await openEmbeddedStore({ dataDir });
  await store.createCollection({ name: 'a', dimension: D, fingerprint: 'f', model: 'm' });
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

const index = async () => (await store.getCollection('a')).index;
const indexed = (kind: string, count: number) =>
  vi.waitFor(async () => expect(await index()).toMatchObject({ kind, indexed: count }), { timeout: 100_000 });

it.each([0, 3])(
  'returns to exact searches when all but %i items are deleted, and builds a graph again',
  async (left) => {
    const old = items(0);
    await store.put('a', old);
    await indexed('hnsw', MANY);
    const gone = old.slice(left).map(({ id }) => id);
    expect(await store.deleteItems('a', { ids: gone })).toBe(gone.length);
    await indexed('exact', 0);
    const query = vectorOf(7, D);
    const ids = async (k: number) => (await store.search('a', query, { k })).map(({ item: { id } }) => id);
    expect(await ids(5)).toEqual(nearestIds(old.slice(0, left), query, 5));

    const young = items(MANY);
    await store.put('a', young);
    await indexed('hnsw', MANY + left);
    expect(await ids(1)).toEqual(nearestIds([...old.slice(0, left), ...young], query, 1));
    expect((await store.stats()).notices).toEqual([]);
  },
);
