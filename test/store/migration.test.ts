/** A data directory of an earlier version is brought up to date while it is used, and goes on where it was stopped. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ITEM_READS, ITEM_WRITES } from '../../src/store/embedded/item-calls.js';
import { findDamagedPictures } from '../../src/store/embedded/sqlite/damaged-rows.js';
import { checkDatabase } from '../../src/store/embedded/sqlite/integrity-check.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import { StoreCore } from '../../src/store/embedded/store-core.js';
import { makeFirstFormat } from './first-format.js';
import { item } from './items.js';

const D = 8;
const ITEMS = 1000;
let dataDir: string;
const open = () =>
  new StoreCore({
    dataDir,
    graphLibrary: 'a-module-that-is-not-installed',
    acceptDamage: false,
    keepSnapshots: 1,
  });
/** One item; also before its value has been indexed. */
const narrow = { metadata: { n: ITEMS - 1 } };

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-migration-'));
  const core = open();
  core.collections.create({ name: 'a', dimension: D, fingerprint: 'f', model: 'm' });
  await ITEM_WRITES.put(
    core,
    'a',
    Array.from({ length: ITEMS }, (_, n) => item(n, D)),
  );
  await core.close();
  // What the first version's database looks like.
  const db = new Database(path.join(dataDir, 'pawdex.db'));
  makeFirstFormat(db);
  db.close();
  await rm(path.join(dataDir, 'ledger.json'));
});
afterEach(() => rm(dataDir, { recursive: true }));

it('finds by metadata at once, before its values are indexed and after', async () => {
  const core = open();
  expect(core.items.values.isComplete).toBe(false);
  expect(() => ITEM_READS.listFacets(core, 'a', 'n', 5)).toThrow(
    expect.objectContaining({ code: 'starting' }),
  );
  // Asked now, before anything else has had a turn.
  const early = [ITEM_READS.count(core, 'a', narrow), ITEM_READS.count(core, 'a', { species: ['cat'] })];
  expect(await Promise.all(early)).toEqual([1, ITEMS / 2]);
  await expect.poll(() => core.items.values.isComplete).toBe(true);
  expect(await ITEM_READS.count(core, 'a', narrow)).toBe(1);
  expect(await ITEM_READS.count(core, 'a', { species: ['cat'] })).toBe(ITEMS / 2);
  expect(ITEM_READS.listFacets(core, 'a', 'species', 5)).toMatchObject([
    { count: ITEMS / 2 },
    { count: ITEMS / 2 },
  ]);
  await core.ready();
  await core.close();
});

it('resumes where it was stopped, with changes made meanwhile', async () => {
  let core = open();
  core.items.values.addOlderItems();
  await core.close();
  core = open();
  expect(core.items.values.isComplete).toBe(false);
  await ITEM_WRITES.put(core, 'a', [item(ITEMS, D)]);
  for (const n of [3, ITEMS - 1]) {
    ITEM_WRITES.updateItem(core, 'a', item(n, D).id, { metadata: { n: -1 } });
  }
  await ITEM_WRITES.deleteItems(core, 'a', { ids: [item(ITEMS - 2, D).id] });
  await expect.poll(() => core.items.values.isComplete).toBe(true);
  const count = (n: number) => ITEM_READS.count(core, 'a', { metadata: { n } });
  expect(await Promise.all([3, ITEMS - 1, ITEMS - 2, ITEMS, -1].map(count))).toEqual([0, 0, 0, 1, 2]);
  await core.close();
});

it('adds checksums to everything that was stored without', async () => {
  const file = path.join(dataDir, 'pawdex.db');
  const older = new Database(file);
  older.exec(`UPDATE vectors SET vector = substr(vector, 1, ${4 * D})`);
  older.close();
  const core = open();
  const lacking = [
    'SELECT count(*) FROM items WHERE checksum IS NULL',
    'SELECT count(*) FROM thumbnails WHERE checksum IS NULL',
    `SELECT count(*) FROM vectors WHERE length(vector) <> ${4 * D + 4}`,
  ].map((sql) => core.db.prepare<[], number>(sql).pluck());
  expect(lacking.every((count) => count.get()! > 0)).toBe(true);
  await expect.poll(() => lacking.map((count) => count.get())).toEqual([0, 0, 0]);
  await core.ready();
  await core.close();
  const checked = new Database(file, { readonly: true });
  expect([...checkDatabase(checked, 'full'), ...findDamagedPictures(checked)]).toEqual([]);
  checked.close();
});
