/** A damaged graph is noticed, said, and built anew; a damaged or foreign database is refused with its code. */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import { graphBuilt } from '../store/search-contract.js';
import { FAULT_DIMENSION, faultItem } from './store-processes.js';

const ITEMS = 5000;
let root: string;
let dataDir: string;

async function filled(directory: string, dimension: number): Promise<void> {
  const store = await openEmbeddedStore({ dataDir: directory });
  await store.createCollection({ name: 'pets', dimension, fingerprint: 'f', model: 'm' });
  await store.put(
    'pets',
    Array.from({ length: ITEMS }, (_, n) => {
      const item = faultItem(n);
      return { ...item, thumbnail: null, vector: item.vector.slice(0, dimension) };
    }),
  );
  await graphBuilt(store, 'pets');
  expect((await store.getCollection('pets')).index).toMatchObject({ kind: 'hnsw', indexed: ITEMS });
  await store.close();
}

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-corrupt-'));
  await filled(path.join(root, 'sound'), FAULT_DIMENSION);
  await filled(path.join(root, 'shorter'), 8);
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dataDir = path.join(root, 'damaged');
  await cp(path.join(root, 'sound'), dataDir, { recursive: true });
});
afterEach(() => rm(dataDir, { recursive: true }));

/** Path of the only file with this extension among the graphs. */
async function graphFile(extension: string, directory = dataDir): Promise<string> {
  const folder = path.join(directory, 'graphs');
  const name = (await readdir(folder)).find((file) => file.endsWith(extension));
  return path.join(folder, name!);
}

async function flipBit(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at]! ^= 1;
  await writeFile(file, bytes);
}

/** Rewrites the description so that its own checksum is right. */
async function describeAs(changes: Record<string, unknown>): Promise<void> {
  const file = await graphFile('.json');
  const json = JSON.stringify({ ...JSON.parse((await readFile(file, 'utf8')).split('\n')[1]!), ...changes });
  await writeFile(file, `${createHash('sha256').update(json).digest('hex')}\n${json}\n`);
}

/** Puts another file in the graph's place, described as truthfully as can be from outside. */
async function replaceGraph(other: string): Promise<void> {
  const bytes = await readFile(other);
  await writeFile(await graphFile('.hnsw'), bytes);
  await describeAs({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
}

/** The store answers, finds what it should, and is whole again; returns its notices. */
async function recovers(): Promise<string[]> {
  const store = await openEmbeddedStore({ dataDir });
  for (const n of [0, 1234, ITEMS - 1]) {
    const [hit] = await store.search('pets', faultItem(n).vector, { k: 1 });
    expect(hit!.similarity).toBeCloseTo(1, 5);
  }
  await graphBuilt(store, 'pets');
  const queries = Array.from({ length: 30 }, (_, i) => faultItem(i * 111).vector);
  const found = await store.searchMany('pets', queries, { k: 1 });
  for (const hits of found) {
    expect(hits[0]!.similarity).toBeCloseTo(1, 5);
  }
  const { notices } = await store.stats();
  await store.close();
  const again = await openEmbeddedStore({ dataDir });
  await again.search('pets', queries[0]!, { k: 1 });
  expect((await again.getCollection('pets')).index).toMatchObject({ kind: 'hnsw', indexed: ITEMS });
  expect((await again.stats()).notices).toEqual([]);
  await again.close();
  return notices;
}

describe('a damaged graph', () => {
  const damages: [string, () => Promise<void>, RegExp][] = [
    ['cut short', async () => truncate(await graphFile('.hnsw'), 100_000), /100000 bytes instead of/],
    ['empty', async () => truncate(await graphFile('.hnsw'), 0), /0 bytes instead of/],
    ['with a flipped bit in its header', async () => flipBit(await graphFile('.hnsw'), 16), /checksum/],
    ['with a flipped bit in a vector', async () => flipBit(await graphFile('.hnsw'), 300_000), /checksum/],
    ['missing', async () => rm(await graphFile('.hnsw')), /cannot be read/],
    ['with a flipped bit in its description', async () => flipBit(await graphFile('.json'), 90), /damaged/],
    ['with an empty description', async () => truncate(await graphFile('.json'), 0), /damaged/],
    [
      'with binary rubbish for a description',
      async () => writeFile(await graphFile('.json'), Buffer.alloc(500, 200)),
      /damaged/,
    ],
    ['described with another dimension', () => describeAs({ dimension: 8 }), /dimension 8 instead of 16/],
    ['built with another M', () => describeAs({ M: 5 }), /M 5 and efConstruction/],
    [
      'of another dimension under a description that says otherwise',
      async () => replaceGraph(await graphFile('.hnsw', path.join(root, 'shorter'))),
      /of 8 dimensions/,
    ],
    ['that lacks rows it claims to hold', () => describeAs({ lastSeq: 1000 }), /instead of|of the 1000 rows/],
  ];
  it.each(damages)('is rebuilt: %s', async (_, damage, reason) => {
    await damage();
    const notices = await recovers();
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/^Collection pets: the saved graph is rebuilt because .*\.$/);
    expect(notices[0]).toMatch(reason);
  });

  it('is rebuilt if it holds the vectors of another database', async () => {
    const other = path.join(root, 'other');
    const store = await openEmbeddedStore({ dataDir: other });
    await store.createCollection({ name: 'pets', dimension: FAULT_DIMENSION, fingerprint: 'f', model: 'm' });
    await store.put(
      'pets',
      Array.from({ length: ITEMS }, (_, n) => ({ ...faultItem(n), vector: faultItem(n + ITEMS).vector })),
    );
    await store.close();
    await rm(dataDir, { recursive: true });
    await rename(other, dataDir);
    await cp(path.join(root, 'sound', 'graphs'), path.join(dataDir, 'graphs'), { recursive: true });
    const damaged = await openEmbeddedStore({ dataDir });
    const [hit] = await damaged.search('pets', faultItem(ITEMS).vector, { k: 1 });
    expect(hit!.item.id).toBe('item-0');
    expect((await damaged.stats()).notices[0]).toMatch(/vectors differ from those in the database/);
    await damaged.close();
  });

  it('can be deleted without losing anything', async () => {
    await rm(path.join(dataDir, 'graphs'), { recursive: true });
    expect(await recovers()).toEqual([]);
  });

  it('leaves no files behind', async () => {
    await writeFile(path.join(dataDir, 'graphs', '1-0123456789ab.hnsw.tmp'), 'half a graph');
    await writeFile(path.join(dataDir, 'graphs', '1-ba9876543210.hnsw'), 'an older graph');
    expect(await recovers()).toEqual([]);
    expect((await readdir(path.join(dataDir, 'graphs'))).length).toBe(2);
  });
});

describe('a saved graph', () => {
  it('is used again, with later additions and deletions', async () => {
    const { ino } = await stat(await graphFile('.hnsw'));
    const changed = await openEmbeddedStore({ dataDir });
    await changed.deleteItems('pets', { ids: ['item-3'] });
    await changed.put('pets', [faultItem(ITEMS)]);
    await changed.close(); // two changes of 5000 are not worth a new file
    expect((await stat(await graphFile('.hnsw'))).ino).toBe(ino);
    const store = await openEmbeddedStore({ dataDir });
    const first = await store.searchMany('pets', [faultItem(3).vector, faultItem(ITEMS).vector], { k: 10 });
    expect(first[0]!.map((hit) => hit.id)).not.toContain('item-3');
    expect(first[1]!.map((hit) => hit.id)).toContain(`item-${ITEMS}`);
    await graphBuilt(store, 'pets');
    expect((await store.getCollection('pets')).index).toMatchObject({ kind: 'hnsw', indexed: ITEMS });
    expect((await store.stats()).notices).toEqual([]);
    await store.close();
  });
});

describe('a database', () => {
  it('that is not a database is refused', async () => {
    await writeFile(path.join(dataDir, 'pawdex.db'), 'this is not a database, it is a sentence'.repeat(500));
    await rm(path.join(dataDir, 'pawdex.db-wal'), { force: true });
    await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({ code: 'data_damaged' });
  });

  it('of a newer pawdex is refused and left alone', async () => {
    const db = new Database(path.join(dataDir, 'pawdex.db'));
    db.pragma('user_version = 99');
    db.close();
    await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({ code: 'data_dir_newer' });
    const after = new Database(path.join(dataDir, 'pawdex.db'));
    expect(after.pragma('user_version', { simple: true })).toBe(99);
    after.close();
  });

  it('whose path is a file is refused', async () => {
    await expect(openEmbeddedStore({ dataDir: path.join(dataDir, 'pawdex.db') })).rejects.toMatchObject({
      code: 'storage_failed',
    });
  });
});
