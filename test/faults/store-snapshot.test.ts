/** A snapshot is whole or refused, whatever happened to it and whatever was written meanwhile. */
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { compactDirectory } from '../../src/store/embedded/sqlite/database.js';
import {
  readSnapshotInfo,
  restoreSnapshot,
  snapshotDirectory,
  verifySnapshot,
} from '../../src/store/embedded/sqlite/database-snapshot.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import type { Store } from '../../src/store/store.js';
import { makeFirstFormat } from '../store/first-format.js';
import { expectWhole, FAULT_DIMENSION, faultItem, startChild } from './store-processes.js';

let root: string;
let dataDir: string;
let store: Store;
let file: string;
const items = (from: number, count: number) => Array.from({ length: count }, (_, i) => faultItem(from + i));

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-snapshot-'));
  dataDir = path.join(root, 'data');
  file = path.join(root, 'pets.pawdex');
  store = await openEmbeddedStore({ dataDir, keepSnapshots: 2 });
  await store.createCollection({ name: 'pets', dimension: FAULT_DIMENSION, fingerprint: 'f', model: 'm' });
  await store.put('pets', items(0, 500));
});
afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

/** Restores into a directory of its own. @returns how many items there are */
async function restored(from: string): Promise<number> {
  const target = await mkdtemp(path.join(root, 'restored-'));
  restoreSnapshot(from, target);
  const copy = await openEmbeddedStore({ dataDir: target });
  await copy.ready();
  const count = await copy.count('pets');
  for (const n of [0, 250, count - 1]) {
    await expectWhole(copy, n);
  }
  await copy.close();
  return count;
}

describe('a snapshot', () => {
  it('can be cancelled while it is written and while it waits, and leaves nothing behind', async () => {
    const cancel = new AbortController();
    const reason = new Error('enough');
    const first = store.createSnapshot();
    const cancelled = [store.createSnapshot(cancel.signal), store.createSnapshot(cancel.signal)];
    cancel.abort(reason);
    expect(await Promise.allSettled(cancelled)).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    await first;
    const last = await store.createSnapshot(new AbortController().signal);
    expect(await store.listSnapshots()).toEqual([last, await first]);
    expect(await readdir(path.join(dataDir, 'snapshots'))).toHaveLength(2);
    await expect(store.createSnapshot(AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('of a store in use is consistent, and restores to a complete store', async () => {
    let isDone = false;
    const writing = (async () => {
      for (let n = 500; !isDone; n += 20) {
        await store.put('pets', items(n, 20));
      }
    })();
    const { name, collections } = await store.createSnapshot();
    isDone = true;
    await writing;
    const kept = path.join(dataDir, 'snapshots', name);
    expect(verifySnapshot(kept).collections).toEqual(collections);
    const count = await restored(kept);
    expect(collections).toEqual([{ name: 'pets', items: count }]);
    expect((count - 500) % 20).toBe(0);
    expect((await stat(kept)).mode & 0o077).toBe(0);
  });

  it('can be written by another process while the store is in use', async () => {
    const child = startChild('hold', path.join(root, 'held'));
    await child.line((line) => line === 'open');
    expect(snapshotDirectory(path.join(root, 'held'), file).collections).toEqual([
      { name: 'pets', items: 0 },
    ]);
    await child.kill();
    await store.close();
    expect(snapshotDirectory(dataDir, file).collections).toEqual([{ name: 'pets', items: 500 }]);
    expect(await restored(file)).toBe(500);
  });

  it('is kept up to the given number, newest first', async () => {
    const names = [];
    for (let i = 0; i < 4; i++) {
      names.unshift((await store.createSnapshot()).name);
    }
    expect((await store.listSnapshots()).map(({ name }) => name)).toEqual(names.slice(0, 2));
    expect(await readdir(path.join(dataDir, 'snapshots'))).toHaveLength(2);
  });

  it('is kept as the newest even after the clock was set back', async () => {
    const kept = [await store.createSnapshot(), await store.createSnapshot()];
    const folder = path.join(dataDir, 'snapshots');
    const future = kept.map((_, i) => `2099-01-0${i + 1}T00-00-00-000Z.pawdex`);
    await rename(path.join(folder, kept[0]!.name), path.join(folder, future[0]!));
    await rename(path.join(folder, kept[1]!.name), path.join(folder, future[1]!));
    const { name } = await store.createSnapshot();
    expect((await store.listSnapshots()).map((each) => each.name)).toEqual([name, future[1]]);
  });

  it('that was interrupted by a kill is ignored, and replaced by the next', async () => {
    const folder = path.join(dataDir, 'snapshots');
    await mkdir(folder);
    await writeFile(path.join(folder, '2026.pawdex.tmp'), 'half');
    await writeFile(path.join(folder, '2025.pawdex'), 'half');
    expect(await store.listSnapshots()).toEqual([]);
    const { name } = await store.createSnapshot();
    expect((await readdir(folder)).sort()).toEqual(['2025.pawdex', name].sort());
  });

  const damages: [string, () => Promise<unknown>][] = [
    ['cut short', async () => truncate(file, (await stat(file)).size - 100)],
    ['without its end', async () => truncate(file, readSnapshotInfo(file).bytes)],
    ['empty', () => truncate(file, 0)],
    ['of another kind', () => writeFile(file, 'x'.repeat(5000))],
    ['with a flipped bit', () => flip(5000)],
    ['with a flipped bit in its description', async () => flip((await stat(file)).size - 40)],
    ['missing', () => rm(file)],
  ];
  async function flip(at: number) {
    const bytes = await readFile(file);
    bytes[at]! ^= 1;
    await writeFile(file, bytes);
  }
  it.each(damages)('is refused if it is %s, and leaves nothing behind', async (kind, damage) => {
    const refused = expect.objectContaining({
      code: kind === 'missing' ? 'file_unreadable' : 'snapshot_invalid',
    });
    await store.close();
    snapshotDirectory(dataDir, file);
    await damage();
    expect(() => verifySnapshot(file)).toThrow(refused);
    const target = path.join(root, 'target');
    expect(() => restoreSnapshot(file, target)).toThrow(refused);
    const left = await readdir(target).catch(() => []);
    expect(left.filter((name) => name !== 'pawdex.lock')).toEqual([]);
  });

  it('is not restored over anything', async () => {
    await store.close();
    snapshotDirectory(dataDir, file);
    const refused = expect.objectContaining({ code: 'data_dir_not_empty' });
    expect(() => restoreSnapshot(file, dataDir)).toThrow(refused);
    await rm(path.join(dataDir, 'pawdex.db'));
    expect(() => restoreSnapshot(file, dataDir)).toThrow(refused);
  });
});

describe('a data directory of an earlier version', () => {
  it('is copied before the migration', async () => {
    await store.close();
    const file = path.join(dataDir, 'pawdex.db');
    const db = new Database(file);
    makeFirstFormat(db);
    db.close();
    await rm(path.join(dataDir, 'ledger.json'));
    store = await openEmbeddedStore({ dataDir });
    expect(await store.count('pets')).toBe(500);
    const old = path.join(root, 'old');
    await mkdir(old);
    await cp(`${file}.format-1`, path.join(old, 'pawdex.db'));
    const before = new Database(path.join(old, 'pawdex.db'));
    expect(before.pragma('user_version', { simple: true })).toBe(1);
    expect(before.prepare('SELECT count(*) FROM items').pluck().get()).toBe(500);
    before.close();
  });
});

describe('compacting', () => {
  it('frees the space of deleted items, and is refused while a store is in use', async () => {
    await store.put('pets', items(500, 5000));
    await store.deleteItems('pets', { filter: { label: [1, 2, 3, 4, 5, 6].map((n) => `breed-${n}`) } });
    expect(() => compactDirectory(dataDir)).toThrow(expect.objectContaining({ code: 'data_dir_locked' }));
    await store.close();
    const { before, after } = compactDirectory(dataDir);
    expect(after).toBeLessThan(before / 3);
    store = await openEmbeddedStore({ dataDir });
    await store.ready();
    expect(await store.count('pets')).toBe(786);
    await expectWhole(store, 7);
  });
});
