/** Puts give way to the graph while it is searched and lacks many rows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Collection } from '../../src/store/embedded/collection.js';
import { loadGraphLibrary } from '../../src/store/embedded/graph/graph.js';
import { GraphFile } from '../../src/store/embedded/graph/graph-file.js';
import { Indexer } from '../../src/store/embedded/graph/indexer.js';
import { PutWriter } from '../../src/store/embedded/put-writer.js';
import { type OpenedDatabase, openDatabase } from '../../src/store/embedded/sqlite/database.js';
import { ItemTable } from '../../src/store/embedded/sqlite/item-table.js';
import { Ledger } from '../../src/store/embedded/sqlite/ledger.js';
import type { Db } from '../../src/store/embedded/sqlite/sqlite.js';
import { Rows } from '../../src/store/embedded/vectors/rows.js';
import { toUnitVector } from '../../src/store/embedded/vectors/unit-vector.js';
import { item, vectorOf } from './items.js';

const D = 8;
let folder: string;
let opened: OpenedDatabase;
let db: Db;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-writer-'));
  opened = openDatabase(folder);
  db = opened.db;
});
afterEach(async () => {
  opened.close();
  await rm(folder, { recursive: true });
});

function fake(id: number) {
  const state = { crowded: false, added: [] as string[] };
  const collection = {
    id,
    row: { id, dimension: D, vector_sign: 1 },
    throwIfGone() {},
    requireSpace() {},
    addRow: (row: { id: string }) => state.added.push(row.id),
    get shouldDelayPuts() {
      return state.crowded;
    },
  };
  return { state, collection: collection as unknown as Collection };
}

it('delays only the puts of a crowded collection, in order', async () => {
  const writer = new PutWriter(db, new ItemTable(db, new Ledger(db)));
  const [crowded, other] = [fake(1), fake(2)];
  crowded.state.crowded = true;
  const held = [1, 2, 3].map((n) => writer.put(crowded.collection, [item(n, D, { id: `h${n}` })]));
  await writer.put(other.collection, [item(4, D)]);
  expect(crowded.state.added).toEqual([]);
  crowded.state.crowded = false;
  await Promise.all(held);
  expect(crowded.state.added).toEqual(['h1', 'h2', 'h3']);
});

it('delays a put for at most a quarter of a second', async () => {
  const writer = new PutWriter(db, new ItemTable(db, new Ledger(db)));
  const { state, collection } = fake(1);
  state.crowded = true;
  let done = false;
  const put = writer.put(collection, [item(1, D)]).then(() => {
    done = true;
  });
  await sleep(100);
  expect(done).toBe(false);
  await put;
  expect(state.added).toHaveLength(1);
});

it('counts a graph as behind from 4,097 waiting rows, until they are inserted', async () => {
  const { library, unavailable } = loadGraphLibrary('hnswlib-node');
  expect(unavailable).toBeNull();
  const rows = new Rows(D);
  const indexer = new Indexer(rows, library, new GraphFile(folder, '1'));
  await indexer.load();
  let seq = 0;
  const add = (count: number) => {
    for (const last = seq + count; seq < last; ) {
      seq++;
      rows.add(seq, String(seq), null, toUnitVector(vectorOf(seq, D), D));
      indexer.addRow(seq);
    }
  };
  add(6000);
  expect(indexer.isBehind).toBe(false); // there is no graph to search yet: holding puts would make nothing faster
  while (indexer.step(Number.POSITIVE_INFINITY)) {}
  add(4096);
  expect(indexer.isBehind).toBe(false);
  add(1);
  expect(indexer.isBehind).toBe(true);
  indexer.step(performance.now() + 1000);
  expect(indexer.isBehind).toBe(false);
});
