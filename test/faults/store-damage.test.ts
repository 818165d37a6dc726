/** A data directory that lacks something is not answered from, whatever it lacks; the operator may go on without it. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addChecksum, verifyChecksum } from '../../src/files/checksummed-json.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { readLastKnown } from '../../src/store/embedded/sqlite/ledger.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import { random } from '../store/items.js';
import { graphBuilt } from '../store/search-contract.js';
import { expectWhole, FAULT_DIMENSION, faultItem } from './store-processes.js';

const ITEMS = 2000;
let root: string;
let dataDir: string;
const database = () => path.join(dataDir, 'pawdex.db');

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-damage-'));
  const store = await openEmbeddedStore({ dataDir: path.join(root, 'sound') });
  await store.createCollection({ name: 'pets', dimension: FAULT_DIMENSION, fingerprint: 'f', model: 'm' });
  await store.put(
    'pets',
    Array.from({ length: ITEMS }, (_, n) => faultItem(n)),
  );
  await graphBuilt(store, 'pets');
  await store.close();
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(root, 'case-'));
  await rm(dataDir, { recursive: true });
  await cp(path.join(root, 'sound'), dataDir, { recursive: true });
});

/** What opening and getting ready says: the detail of the error, or null. */
async function problem(): Promise<string | null> {
  try {
    const store = await openEmbeddedStore({ dataDir });
    try {
      await store.ready();
      return null;
    } catch (error) {
      await expect(store.count('pets')).rejects.toMatchObject({ code: 'data_damaged' });
      expect((await store.stats()).damage).toHaveLength(1);
      throw error;
    } finally {
      await store.close();
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'data_damaged', status: 503 });
    return (error as Error).message;
  }
}

/** Opens a directory as the operator who goes on with what is left; it is sound from then on. */
async function accept(): Promise<{ left: number; notices: string[] }> {
  const store = await openEmbeddedStore({ dataDir, acceptDamage: true });
  await store.ready();
  const { notices } = await store.stats();
  const names = (await store.listCollections()).map(({ name }) => name);
  const left = names.includes('pets') ? await store.count('pets') : 0;
  await store.close();
  expect(await problem()).toBeNull();
  return { left, notices };
}

async function flipBits(file: string, count: number, seed: number): Promise<void> {
  const bytes = await readFile(file);
  const next = random(seed);
  for (let i = 0; i < count; i++) {
    bytes[Math.floor(next() * bytes.length)]! ^= 1 << Math.floor(next() * 8);
  }
  await writeFile(file, bytes);
}

function change(sql: string): void {
  const db = new Database(database());
  db.exec(sql);
  db.close();
}

describe('a damaged database', () => {
  it.each([1, 2, 3])('with 2,000 flipped bits is not answered from (%i)', async (seed) => {
    await flipBits(database(), 2000, seed);
    expect(await problem()).toMatch(/damaged|items|database/);
  });

  it('with one flipped bit in a vector is not answered from', async () => {
    const bytes = await readFile(database());
    bytes[bytes.indexOf(Buffer.from(faultItem(1234).vector.buffer)) + 5]! ^= 4;
    await writeFile(database(), bytes);
    expect(await problem()).toBe(`Collection pets: of ${ITEMS} items, 1 have damaged vectors.`);
  });

  it('with the vectors of two items exchanged is not answered from', async () => {
    change(`UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE seq = 9 - outer.seq)
            FROM (SELECT seq FROM vectors WHERE seq IN (4, 5)) AS outer WHERE vectors.seq = outer.seq`);
    expect(await problem()).toBe(`Collection pets: of ${ITEMS} items, 2 have damaged vectors.`);
  });

  it.each([
    ['a vector', 'DELETE FROM vectors WHERE seq = 7', /1 have no vector/],
    ['items', 'DELETE FROM items WHERE seq > 1900', /holds 1900 items instead of 2000/],
    ['a collection', 'DELETE FROM collections', /A collection of 2000 items is missing/],
  ])('that lacks %s is not answered from', async (_, sql, finding) => {
    change(sql);
    expect(await problem()).toMatch(finding);
  });

  it('continues with what is left if damage is accepted, and keeps the damaged file', async () => {
    await flipBits(database(), 300, 4);
    const before = await readFile(database());
    expect(await problem()).not.toBeNull();
    const { left, notices } = await accept();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(ITEMS);
    expect(notices[0]).toMatch(
      new RegExp(`${left} items were kept; the damaged database is pawdex.db.damaged-`),
    );
    const kept = (await readdir(dataDir)).find((name) => name.includes('damaged'))!;
    expect((await readFile(path.join(dataDir, kept))).length).toBe(before.length);
    const store = await openEmbeddedStore({ dataDir });
    for (const { id } of (await store.listItems('pets', { limit: 1000 })).items) {
      expect(await store.getVector('pets', id)).toEqual(faultItem(Number(id.slice(5))).vector);
    }
    await store.close();
  });

  it('is left alone if damage is accepted and there is none', async () => {
    const { ino } = await stat(database());
    expect(await accept()).toEqual({ left: ITEMS, notices: [] });
    expect((await stat(database())).ino).toBe(ino);
  });
});

describe('a data directory', () => {
  it('without its database is not started empty unless that is accepted', async () => {
    await rm(database());
    expect(await problem()).toMatch(
      /pawdex\.db is missing.* beside .*2000 items in pets.* and 1 search graphs/,
    );
    await rm(path.join(dataDir, 'ledger.json'));
    expect(await problem()).toMatch(/pawdex\.db is missing/);
    expect((await accept()).left).toBe(0);
  });

  it('with an older database is not answered from unless that is accepted', async () => {
    const store = await openEmbeddedStore({ dataDir });
    await store.put('pets', [faultItem(ITEMS)]);
    await store.close();
    await cp(path.join(root, 'sound', 'pawdex.db'), database());
    expect(await problem()).toMatch(/lacks the last 1 changes/);
    expect((await accept()).left).toBe(ITEMS);
  });

  it('with another database is not answered from', async () => {
    const other = await openEmbeddedStore({ dataDir: path.join(root, 'other') });
    await other.close();
    await cp(path.join(root, 'other', 'pawdex.db'), database());
    expect(await problem()).toMatch(/not the database/);
  });

  it('is not taken for a copy after a kill', async () => {
    const known = path.join(dataDir, 'ledger.json');
    const ledger = JSON.parse(verifyChecksum(await readFile(known, 'utf8')));
    await writeFile(known, addChecksum(JSON.stringify({ ...ledger, open: true })));
    const store = await openEmbeddedStore({ dataDir });
    await store.ready();
    expect((await store.stats()).notices.filter((line) => line.includes('copied'))).toHaveLength(1);
    await store.close();
  });
});

describe('a copy of a data directory that is in use', () => {
  it('whose parts do not belong together is not answered from', async () => {
    const from = path.join(root, `live-${path.basename(dataDir)}`);
    await cp(path.join(root, 'sound'), from, { recursive: true });
    const store = await openEmbeddedStore({ dataDir: from });
    try {
      await store.ready();
      await store.put('pets', [faultItem(ITEMS)]);
      await expect
        .poll(async () => readLastKnown(from)?.open, {
          timeout: 30_000,
        })
        .toBe(true);
      await rm(dataDir, { recursive: true });
      await mkdir(dataDir);
      await cp(path.join(from, 'pawdex.db'), database());
      const putMore = (first: number) =>
        store.put(
          'pets',
          Array.from({ length: 200 }, (_, i) => faultItem(first + i)),
        );
      await putMore(ITEMS + 1);
      // As when the log is full: it is copied into the database and begun again.
      const db = new Database(path.join(from, 'pawdex.db'));
      db.pragma('wal_checkpoint(RESTART)');
      db.close();
      await putMore(ITEMS + 201);
      for (const name of ['pawdex.db-wal', 'ledger.json']) {
        await cp(path.join(from, name), path.join(dataDir, name));
      }
    } finally {
      await store.close();
    }
    expect(await problem()).not.toBeNull();
  });
});

describe("SQLite's own backup", () => {
  it('reads an open store, and its copy is complete', async () => {
    const store = await openEmbeddedStore({ dataDir });
    await store.put('pets', [faultItem(ITEMS)]);
    const reader = new Database(database(), { readonly: true });
    const copy = path.join(root, `backup-${path.basename(dataDir)}`);
    await mkdir(copy);
    await reader.backup(path.join(copy, 'pawdex.db'));
    reader.close();
    await store.close();
    dataDir = copy;
    expect(await problem()).toBeNull();
    const restored = await openEmbeddedStore({ dataDir });
    for (const n of [0, 1234, ITEMS]) {
      await expectWhole(restored, n);
    }
    await restored.close();
  });
});
