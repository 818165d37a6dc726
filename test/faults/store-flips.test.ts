/** One flipped bit in anything that is stored is noticed: at the start, or when it is read. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { snapshotDirectory, verifySnapshot } from '../../src/store/embedded/sqlite/database-snapshot.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import type { NewItem, Store } from '../../src/store/store.js';
import { FAULT_DIMENSION, faultItem } from './store-processes.js';

const ITEMS = 60;
let root: string;
let dataDir: string;
const database = () => path.join(dataDir, 'pawdex.db');

/** All columns are in use. `\ud800` is no Unicode, and stored as another character. */
const fullItem = (n: number): NewItem => ({
  ...faultItem(n),
  label: n % 9 === 0 ? null : `breed \ud800 ${n}`,
  source: `photos/größe-${n}.jpg`,
  metadata: { n, word: 'böse \ud800', '\ud800': 1, '\ud801': 1, nested: { 'a.b': [1, 1, 'x'] } },
  original: Uint8Array.from({ length: 300 }, (_, i) => (n * 3 + i) & 255),
});

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-flips-'));
  dataDir = path.join(root, 'sound');
  const store = await openEmbeddedStore({ dataDir });
  await store.createCollection({
    ...{
      name: 'pets',
      dimension: FAULT_DIMENSION,
      fingerprint: 'f',
      model: 'm',
      description: 'of the shelter',
    },
  });
  const calibration = { temperature: 0.07, fingerprint: 'f' };
  await store.updateCollection('pets', {
    calibration,
    gallery: 'g',
    aliases: ['cats', 'dogs'],
    originals: 'full',
  });
  await store.put(
    'pets',
    Array.from({ length: ITEMS }, (_, n) => fullItem(n)),
  );
  // Everything that changes a row stores its checksum, too.
  await store.updateItem('pets', 'item-1', { label: 'changed', metadata: { changed: true } });
  await store.updateItems(
    'pets',
    { ids: ['item-2', 'item-3'] },
    { source: null, mergeMetadata: { n: null } },
  );
  await store.put('pets', [{ ...fullItem(ITEMS), thumbnail: null }]);
  await store.attachThumbnails('pets', [{ id: `item-${ITEMS}`, thumbnail: Uint8Array.of(1, 2, 3) }]);
  await store.deleteItems('pets', { ids: ['item-4'] });
  await store.createCollection({ name: 'other', dimension: 4, fingerprint: 'f', model: 'm' });
  await store.updateCollection('other', { name: 'renamed' });
  await store.close();
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(root, 'case-'));
  await rm(dataDir, { recursive: true });
  await cp(path.join(root, 'sound'), dataDir, { recursive: true });
});

function change(sql: string): void {
  const db = new Database(database());
  expect(db.prepare(sql).run().changes).toBe(1);
  db.close();
}

/** On a busy machine the check of a start may end after it. */
const lateDamage = async (store: Store): Promise<never> => {
  throw await store.waitForDamage();
};

/** What a start says, or else `use`. */
async function findProblem(use: (store: Store) => Promise<unknown> = lateDamage): Promise<string | null> {
  try {
    const store = await openEmbeddedStore({ dataDir });
    try {
      await store.ready();
      await use(store);
      return null;
    } finally {
      await store.close();
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'data_damaged', status: 503 });
    return (error as Error).message;
  }
}

const itemColumns = [
  ['label', "label || 'x'"],
  ['label', 'NULL'],
  ['source', "replace(source, 'p', 'q')"],
  ['size', 'size + 64'],
  ['metadata', "replace(metadata, 'word', 'wore')"],
  ['metadata', "metadata || ' '"],
  ['has_thumbnail', '0'],
  ['created_at', "replace(created_at, '2', '3')"],
  ['checksum', 'checksum + 1'],
];
const collectionColumns = [
  ['name', "'petr'"],
  ['model', "'l'"],
  ['fingerprint', "'g'"],
  ['description', 'NULL'],
  ['gallery', "'h'"],
  ['calibration', "replace(calibration, '0.07', '0.06')"],
  ['created_at', "'2020'"],
  ['originals', "'fulm'"],
];

describe('one flipped bit', () => {
  it('is not reported without damage', async () => {
    expect(await findProblem((store) => store.listItems('pets', { limit: 100 }))).toBeNull();
    verifySnapshot(await takeSnapshot());
  });

  it.each(itemColumns)('in an item is found at the start: %s becomes %s', async (column, value) => {
    change(`UPDATE items SET ${column} = ${value} WHERE id = 'item-7'`);
    expect(await findProblem()).toBe(
      'Collection pets: the labels, sources or metadata of 1 item are damaged.',
    );
  });

  it.each(collectionColumns)(
    'in a collection is found at the start: %s becomes %s',
    async (column, value) => {
      change(
        column === 'originals'
          ? `UPDATE collection_settings SET originals = ${value}`
          : `UPDATE collections SET ${column} = ${value} WHERE name = 'pets'`,
      );
      expect(await findProblem()).toMatch(/its name, model, calibration or settings are damaged/);
    },
  );

  it('in an alias is found at the start', async () => {
    change("UPDATE aliases SET name = 'catr' WHERE name = 'cats'");
    expect(await findProblem()).toMatch(/settings are damaged/);
  });

  it.each(['thumbnails', 'originals'] as const)('in one of the %s costs only this picture', async (table) => {
    change(`UPDATE ${table} SET image = x'01' WHERE seq = 8`);
    const store = await openEmbeddedStore({ dataDir });
    try {
      await store.ready();
      const read = (id: string) =>
        table === 'originals' ? store.getOriginal('pets', id) : store.getThumbnail('pets', id);
      await expect(read('item-7')).rejects.toMatchObject({
        code: 'picture_damaged',
        message: expect.stringContaining('item item-7 is damaged'),
      });
      expect(await store.stats()).toMatchObject({ damagedPictures: 1, damage: [] });
      expect(await read('item-8')).toBeInstanceOf(Uint8Array);
      expect(await store.search('pets', fullItem(7).vector, { k: 1 })).toMatchObject([
        { item: { id: 'item-7' } },
      ]);
      // The same photo again brings a sound picture.
      expect(await store.put('pets', [fullItem(7)])).toMatchObject([{ status: 'exists' }]);
      expect(await read('item-7')).toEqual(
        table === 'originals' ? fullItem(7).original : fullItem(7).thumbnail,
      );
      expect(await store.stats()).toMatchObject({ damagedPictures: 0 });
    } finally {
      await store.close();
    }
  });

  it('in a thumbnail is named by a check of a snapshot, and repaired by attaching another', async () => {
    change("UPDATE thumbnails SET image = x'01' WHERE seq = 8");
    await expect(takeSnapshot().then(verifySnapshot)).rejects.toThrow(
      /the thumbnails of 1 item are damaged\.$/,
    );
    const store = await openEmbeddedStore({ dataDir });
    const thumbnail = Uint8Array.of(4, 5, 6);
    const given = ['item-7', 'item-8'].map((id) => ({ id, thumbnail }));
    expect(await store.attachThumbnails('pets', given)).toEqual(['item-7']);
    expect(await store.getThumbnail('pets', 'item-7')).toEqual(thumbnail);
    await store.close();
    verifySnapshot(await takeSnapshot());
  });

  it('in the record of a move to another encoder ends that move', async () => {
    let store = await openEmbeddedStore({ dataDir });
    await store.beginReembedding('pets', { fingerprint: 'new', dimension: 4, model: 'new' });
    const vector = Float32Array.of(1, 0, 0, 0);
    await store.putSuccessorVectors('pets', 'new', [{ id: 'item-7', vector }]);
    await store.close();
    change("UPDATE reembeddings SET fingerprint = 'odd'");
    store = await openEmbeddedStore({ dataDir });
    await store.ready();
    expect((await store.stats()).notices).toContainEqual(expect.stringContaining('move to another encoder'));
    await store.beginReembedding('pets', { fingerprint: 'new', dimension: 4, model: 'new' });
    const { items } = await store.listUnembedded('pets', { limit: 1000 });
    expect(items.map(({ id }) => id)).toContain('item-7');
    await store.close();
  });

  it('in the index of values is found by a full check', async () => {
    change("UPDATE item_values SET value = 'y' WHERE seq = 8 AND value = 'x'");
    await expect(takeSnapshot().then(verifySnapshot)).rejects.toThrow(/index of values/);
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ['getItem', (store) => store.getItem('pets', 'item-7')],
    ['listItems', (store) => store.listItems('pets', { limit: 100 })],
    ['search', (store) => store.search('pets', faultItem(7).vector, { k: 1 })],
    ['find known photos', (store) => store.findKnown('pets', [faultItem(7).sha256])],
    ['put again', (store) => store.put('pets', [fullItem(7)])],
    ['updateItem', (store) => store.updateItem('pets', 'item-7', { source: 'x' })],
    ['delete', (store) => store.deleteItems('pets', { ids: ['item-7'] })],
    ['iterate', (store) => drain(store.iterate('pets'))],
  ])('that happens later is found by the next call that reads it: %s', async (_, use) => {
    const found = await findProblem(async (store) => {
      change("UPDATE items SET label = 'another breed' WHERE id = 'item-7'");
      await use(store);
    });
    expect(found).toBe('The label, source or metadata of item item-7 is damaged.');
  });

  it('does not keep a deleted collection from being cleared away', async () => {
    const db = new Database(database());
    db.exec(`UPDATE items SET label = 'another breed' WHERE id = 'item-7'; DELETE FROM aliases;
      DELETE FROM collections WHERE name = 'pets'; DELETE FROM collection_settings WHERE collection = 1;
      DELETE FROM ledger WHERE id = 1; INSERT INTO dropped_collections VALUES (1)`);
    const left = db
      .prepare('SELECT (SELECT count(*) FROM items) + (SELECT count(*) FROM item_values)')
      .pluck();
    expect(left.get()).toBeGreaterThan(ITEMS);
    const store = await openEmbeddedStore({ dataDir });
    await expect.poll(() => left.get()).toBe(0);
    await store.close();
    db.close();
  });

  it('costs only the item if the damage is accepted', async () => {
    change("UPDATE items SET label = 'another breed' WHERE id = 'item-7'");
    change("UPDATE thumbnails SET image = x'01' WHERE seq = 9");
    change("UPDATE collections SET calibration = '{}' WHERE name = 'pets'");
    const store = await openEmbeddedStore({ dataDir, acceptDamage: true });
    await store.ready();
    expect((await store.stats()).notices[0]).toMatch(/ 59 items were kept/);
    await expect(store.getItem('pets', 'item-7')).rejects.toMatchObject({ code: 'item_not_found' });
    expect(await store.getItem('pets', 'item-8')).toMatchObject({ hasThumbnail: false });
    expect(await store.getOriginal('pets', 'item-8')).toEqual(fullItem(8).original);
    expect(await store.getCollection('cats')).toMatchObject({
      calibration: null,
      description: 'of the shelter',
    });
    await store.close();
    expect(await findProblem((store) => store.listItems('pets', { limit: 100 }))).toBeNull();
  });
});

async function takeSnapshot(): Promise<string> {
  const file = path.join(dataDir, 'copy.pawdex');
  snapshotDirectory(dataDir, file);
  return file;
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) {
    // Only read.
  }
}
