import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCollectionLabelTrouble, findLabelTrouble } from '../../src/evaluation/label-trouble.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { asSet } from './reference.js';

const OPTIONS = { k: 5, temperature: 0.05, sameFrom: 0.9999 };

/** Three tight clusters of twelve; photo 3 has the label of another cluster, photo 36 is photo 13 once more. */
const vectors = [
  ...Array.from({ length: 36 }, (_, i) => {
    const angle = 0.3 * Math.sin(i * 7.3);
    const centre = [0, 0, 0];
    centre[Math.floor(i / 12)] = Math.cos(angle);
    centre[(Math.floor(i / 12) + 1) % 3] = Math.sin(angle);
    return centre;
  }),
];
vectors.push(vectors[13]!);
const labels = vectors.map((_, i) =>
  i === 3 || i === 36 ? 'corgi' : ['pug', 'boxer', 'corgi'][Math.floor(i / 12)]!,
);
const set = asSet({ vectors, labels }, 'photos');

describe('label trouble of a set', () => {
  const found = findLabelTrouble(set, OPTIONS);

  it('lists exactly the photos whose neighbours have another label', () => {
    expect(found.photos).toBe(37);
    expect(found.suspects.map(({ id, label, suggested }) => [id, label, suggested])).toEqual(
      expect.arrayContaining([
        ['photos/3.jpg', 'corgi', 'pug'],
        ['photos/36.jpg', 'corgi', 'boxer'],
      ]),
    );
    expect(found.suspects).toHaveLength(2);
    for (const { ownShare, suggestedShare } of found.suspects) {
      expect(ownShare).toBeLessThan(suggestedShare);
    }
  });

  it('names a picture under two labels once', () => {
    expect(found.contradictions.map(({ a, b }) => [a, b])).toContainEqual([
      { id: 'photos/13.jpg', label: 'boxer' },
      { id: 'photos/36.jpg', label: 'corgi' },
    ]);
    const keys = found.contradictions.map(({ a, b }) => `${a.id}|${b.id}`);
    expect(new Set(keys).size).toBe(keys.length);
    const similarities = found.contradictions.map(({ similarity }) => similarity);
    expect(similarities).toEqual([...similarities].sort((x, y) => y - x));
  });

  it('finds nothing in a clean set', () => {
    const well = set.items.map((item, i) => ({
      ...item,
      label: ['pug', 'boxer', 'corgi', 'boxer'][Math.floor(i / 12)]!,
    }));
    expect(findLabelTrouble({ ...set, items: well }, OPTIONS)).toEqual({
      photos: 37,
      found: { suspects: 0, contradictions: 0 },
      suspects: [],
      contradictions: [],
    });
  });
});

describe('label trouble of a collection', () => {
  let dataDir: string;
  let store: Store;

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-trouble-'));
    store = await openEmbeddedStore({ dataDir });
    await store.createCollection({ name: 'pets', dimension: 3, fingerprint: 'f', model: 'm' });
    const item = (row: number, label: string | null) => ({
      id: `photos/${row}.jpg`,
      label,
      source: `album/${row}.jpg`,
      sha256: row.toString(16).padStart(64, '0'),
      size: 1,
      metadata: {},
      thumbnail: null,
      vector: Float32Array.from(vectors[row] ?? [1, 1, 1]),
    });
    await store.put('pets', [...labels.map((label, row) => item(row, label)), item(99, null)]);
  });

  afterAll(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  it('is the same as for the set, and skips items without a label', async () => {
    const asked: object[] = [];
    const found = await findCollectionLabelTrouble(store, 'pets', {
      ...OPTIONS,
      onProgress: (progress) => asked.push(progress),
    });
    const expected = findLabelTrouble(set, OPTIONS);
    const ids = (of: typeof found) => of.suspects.map(({ id }) => id).sort();
    expect(ids(found)).toEqual(ids(expected));
    expect(found.contradictions.map(({ a, b }) => [a.id, b.id]).sort()).toEqual(
      expected.contradictions.map(({ a, b }) => [a.id, b.id]).sort(),
    );
    expect(asked.at(-1)).toEqual({ phase: 'asking', done: 37, total: 37 });
  });

  it('keeps the worst of each limited list, and says how many there are', async () => {
    const all = findLabelTrouble(set, OPTIONS);
    const found = await findCollectionLabelTrouble(store, 'pets', { ...OPTIONS, limit: 1 });
    expect(found.found).toEqual(all.found);
    expect(found.suspects).toMatchObject(all.suspects.slice(0, 1));
    expect(found.suspects).toHaveLength(1);
    expect(found.contradictions).toHaveLength(1);
  });

  it('says where each listed photo came from', async () => {
    const { suspects, contradictions } = await findCollectionLabelTrouble(store, 'pets', OPTIONS);
    const photos = [...suspects, ...contradictions.flatMap(({ a, b }) => [a, b])];
    expect(photos.length).toBeGreaterThan(3);
    expect(photos.map(({ source }) => source)).toEqual(photos.map(({ id }) => id.replace('photos', 'album')));
  });

  it('stops on request', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(findCollectionLabelTrouble(store, 'pets', { ...OPTIONS, signal })).rejects.toThrow('stop');
  });
});

describe('a collection whose graph is being built', () => {
  const D = 16;
  const count = 2500;
  let dataDir: string;
  let store: Store;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-building-'));
    store = await openEmbeddedStore({ dataDir });
    await store.createCollection({ name: 'c', dimension: D, fingerprint: 'f', model: 'm' });
    await store.put(
      'c',
      Array.from({ length: count }, (_, n) => {
        const sha256 = n.toString(16).padStart(64, '0');
        const vector = Float32Array.from({ length: D }, (_, i) => Math.sin((n + 1) * (i + 1.7) * 12.9898));
        const item = {
          id: sha256.slice(32),
          sha256,
          label: `l${n % 2}`,
          source: null,
          size: 1,
          metadata: {},
        };
        return { ...item, thumbnail: null, vector };
      }),
    );
  });
  afterAll(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  it('is not searched before the graph is built', async () => {
    const asked: string[] = [];
    const watched: Store = Object.create(store, {
      searchMany: {
        value: async (...args: Parameters<Store['searchMany']>) => {
          asked.push((await store.getCollection('c')).index.kind);
          return store.searchMany(...args);
        },
      },
    });
    const phases: string[] = [];
    expect((await store.getCollection('c')).index.kind).toBe('building');
    const options = { k: 5, temperature: 0.05, sameFrom: 0.999, limit: 10 };
    const found = await findCollectionLabelTrouble(watched, 'c', {
      ...options,
      onProgress: ({ phase }) => phases.push(phase),
    });
    expect(found.photos).toBe(count);
    expect(asked.filter((kind) => kind !== 'hnsw')).toEqual([]);
    expect(phases[0]).toBe('waiting');
    expect(phases.at(-1)).toBe('asking');
  }, 120_000);

  it('stops waiting on request', async () => {
    const stop = new AbortController();
    const building: Store = Object.create(store, {
      getCollection: {
        value: async () => ({
          ...(await store.getCollection('c')),
          index: { kind: 'building', indexed: 1, sampledRecall: null },
        }),
      },
    });
    const waiting = findCollectionLabelTrouble(building, 'c', {
      k: 5,
      temperature: 0.05,
      sameFrom: 0.999,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('contradictions beyond the limit', () => {
  it('are each counted once', () => {
    const same = Array.from({ length: 460 }, () => [1, 0]);
    const photos = asSet({ vectors: same, labels: same.map((_, i) => `l${i}`) }, 'photos');
    const options = { k: 459, temperature: 0.05, sameFrom: 0.99, limit: 1 };
    // More pairs than the collector remembers.
    expect(findLabelTrouble(photos, options).found.contradictions).toBe((460 * 459) / 2);
  });
});
