import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanLabelledSet } from '../../src/datasets/labelled-set.js';
import type { SetProblem } from '../../src/datasets/set-report.js';
import type { ItemInput } from '../../src/engine/engine.js';
import { PawdexError } from '../../src/errors.js';
import { indexPhotos } from '../../src/indexing/index-folder.js';
import type { ApplyOptions } from '../../src/indexing/sync/apply-sync.js';
import { prepareSync } from '../../src/indexing/sync/prepare-sync.js';
import { MemoryEngine } from '../helpers/memory-engine.js';

/** Counts the images that reach it and can fail. */
class WatchedEngine extends MemoryEngine {
  before: () => void = () => {};

  override addItems(collection: string, inputs: ItemInput[]) {
    this.before();
    return super.addItems(collection, inputs);
  }
}

let root: string;
let photos: string;
let cacheFile: string;
let engine: WatchedEngine;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-sync-'));
  photos = path.join(root, 'photos');
  cacheFile = path.join(root, 'sync', 'photos.json');
  engine = new WatchedEngine();
  await engine.createCollection('mine');
});
afterEach(() => rm(root, { recursive: true }));

/** Writes a photo that was changed a while ago, as files of a folder were. */
async function write(name: string, content = name): Promise<void> {
  const file = path.join(photos, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  await utimes(file, 1e9, 1e9 + content.length);
}

async function move(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(path.join(photos, to)), { recursive: true });
  await rename(path.join(photos, from), path.join(photos, to));
}

const remove = (name: string) => rm(path.join(photos, name));

interface SyncSettings extends Pick<ApplyOptions, 'keepMissing'> {
  yes?: boolean;
  folder?: string;
  problems?: SetProblem[];
  manifest?: string;
}

async function sync({ folder = 'photos-1', problems = [], manifest, ...options }: SyncSettings = {}) {
  const set = await scanLabelledSet(photos, { manifest });
  const { plan, apply } = await prepareSync(
    engine,
    {
      folder,
      photos: set.photos.map((photo) => ({ ...photo, folder })),
      problems: [...set.problems, ...problems],
    },
    { collection: 'mine', maxFileBytes: 10_000, cacheFile, yes: true, ...options },
  );
  const summary = await apply({});
  const { added, changed, moved, relabelled, described, removed, kept, known } = plan;
  return {
    counts: [added, changed, moved, relabelled, removed].map(({ length }) => length),
    described: described.length,
    kept: kept.length,
    known,
    summary,
  };
}

/** Everything stored, as `source=label`, sorted. */
async function stored(): Promise<string[]> {
  const { items } = await engine.store.listItems('mine', { limit: 1000 });
  return items.map(({ source, label }) => `${source}=${label}`).sort();
}

const held = async (name: string) => {
  const { items } = await engine.store.listItems('mine', { limit: 1000 });
  return items.find(({ source }) => source === name)!;
};

it('adds, replaces, moves, relabels and removes what changed in a folder, and nothing else', async () => {
  for (const name of ['a/1.jpg', 'a/2.jpg', 'a/3.jpg', 'a/4.jpg', 'b/5.jpg']) {
    await write(name);
  }
  expect((await sync()).counts).toEqual([5, 0, 0, 0, 0]);
  expect(await sync()).toMatchObject({ counts: [0, 0, 0, 0, 0], known: 5 });

  await write('a/new.jpg');
  await write('a/1.jpg', 'another picture');
  await move('a/2.jpg', 'a/deep/moved.jpg');
  await move('a/3.jpg', 'b/3.jpg');
  await remove('b/5.jpg');
  const before = engine.images;
  expect(await sync()).toMatchObject({
    counts: [1, 1, 1, 1, 1],
    known: 1,
    summary: { removed: 1, created: 2 },
  });
  expect(engine.images - before).toBe(2);
  expect(await stored()).toEqual([
    'a/1.jpg=a',
    'a/4.jpg=a',
    'a/deep/moved.jpg=a',
    'a/new.jpg=a',
    'b/3.jpg=b',
  ]);
  expect((await sync()).counts).toEqual([0, 0, 0, 0, 0]);
});

it('makes exactly 50 changes of each kind among 1,000 photos', async () => {
  for (let i = 0; i < 1000; i++) {
    await write(`${i % 2 ? 'odd' : 'even'}/${i}.jpg`, `photo ${i}`);
  }
  await sync();
  for (let i = 0; i < 100; i += 2) {
    await write(`odd/new${i}.jpg`, `new photo ${i}`);
    await move(`even/${i}.jpg`, `even/sub/${i}.jpg`);
    await move(`odd/${i + 1}.jpg`, `even/${i + 1}.jpg`);
    await remove(`even/${i + 200}.jpg`);
  }
  const before = engine.images;
  const { counts, summary } = await sync();
  expect(counts).toEqual([50, 0, 50, 50, 50]);
  expect(summary).toMatchObject({ created: 50, updated: 100, removed: 50, failed: 0, stoppedBy: null });
  expect(engine.images - before).toBe(50);
  const set = await scanLabelledSet(photos);
  expect(await stored()).toEqual(set.photos.map(({ name, label }) => `${name}=${label}`).sort());
});

it('keeps both of two photos that swap names', async () => {
  await write('a/1.jpg', 'one');
  await write('b/2.jpg', 'second');
  await sync();
  await write('a/1.jpg', 'second');
  await write('b/2.jpg', 'one');
  expect((await sync()).counts).toEqual([0, 0, 0, 2, 0]);
  expect((await held('a/1.jpg')).size).toBe('second'.length);
  expect(await stored()).toEqual(['a/1.jpg=a', 'b/2.jpg=b']);
});

describe('what does not come from the folder', () => {
  it('stays, even with the content or the name of one of its photos', async () => {
    await engine.addItems('mine', [
      { image: Buffer.from('uploaded'), source: 'a/gone.jpg', label: 'x' },
      { image: Buffer.from('a/1.jpg'), source: 'elsewhere.jpg', label: 'y' },
    ]);
    await write('a/1.jpg');
    await write('a/2.jpg');
    expect(await sync()).toMatchObject({ counts: [1, 0, 0, 0, 0], known: 1 });
    await remove('a/1.jpg');
    await write('a/3.jpg');
    await sync();
    expect(await stored()).toEqual(['a/2.jpg=a', 'a/3.jpg=a', 'a/gone.jpg=x', 'elsewhere.jpg=y']);
  });

  it('includes another folder with the same names', async () => {
    await write('a/1.jpg', 'here');
    await sync({ folder: 'photos-1' });
    await write('a/1.jpg', 'over there');
    await sync({ folder: 'photos-2' });
    expect(await stored()).toEqual(['a/1.jpg=a', 'a/1.jpg=a']);
  });

  it('does not include what was indexed from it before items named their folder', async () => {
    await write('a/1.jpg');
    await write('a/2.jpg');
    const { photos: found } = await scanLabelledSet(photos);
    await indexPhotos(engine, found, { collection: 'mine', maxFileBytes: 10_000 });
    expect(await sync()).toMatchObject({ counts: [0, 0, 0, 0, 0], known: 2, summary: { updated: 2 } });
    await remove('a/2.jpg');
    expect((await sync()).counts).toEqual([0, 0, 0, 0, 1]);
    expect(await stored()).toEqual(['a/1.jpg=a']);
  });
});

describe('labels', () => {
  it('that were corrected in the collection stay until the folder changes them', async () => {
    await write('a/1.jpg');
    await sync();
    const { id } = await held('a/1.jpg');
    await engine.store.updateItem('mine', id, { label: 'corrected' });
    expect((await sync()).counts).toEqual([0, 0, 0, 0, 0]);
    expect(await stored()).toEqual(['a/1.jpg=corrected']);
    await move('a/1.jpg', 'b/1.jpg');
    await sync();
    expect(await stored()).toEqual(['b/1.jpg=b']);
  });

  it('and other columns follow the manifest', async () => {
    await write('1.jpg');
    const manifest = path.join(root, 'list.csv');
    await writeFile(manifest, 'file,label,age\n1.jpg,pug,3\n');
    await sync({ manifest });
    await engine.store.updateItems(
      'mine',
      { filter: { label: ['pug'] } },
      { mergeMetadata: { checked: true } },
    );
    await writeFile(manifest, 'file,label,age\n1.jpg,beagle,4\n');
    expect((await sync({ manifest })).counts).toEqual([0, 0, 0, 1, 0]);
    await writeFile(manifest, 'file,label,age\n1.jpg,beagle,5\n');
    expect(await sync({ manifest })).toMatchObject({ counts: [0, 0, 0, 0, 0], described: 1 });
    expect((await held('1.jpg')).metadata).toMatchObject({ age: '5', checked: true });
  });
});

describe('what may still exist', () => {
  it('is kept if something could not be read', async () => {
    await write('a/1.jpg');
    await write('b/2.jpg');
    await sync();
    await remove('b/2.jpg');
    const problems: SetProblem[] = [{ file: 'b', reason: 'folder_unreadable', detail: 'Permission denied.' }];
    expect(await sync({ problems })).toMatchObject({ counts: [0, 0, 0, 0, 0], kept: 1 });
    expect(await stored()).toEqual(['a/1.jpg=a', 'b/2.jpg=b']);
  });

  it('is the old photo if the new one cannot be decoded or is too large', async () => {
    await write('a/1.jpg');
    await write('a/2.jpg');
    await sync();
    await write('a/1.jpg', '');
    await write('a/2.jpg', 'x'.repeat(10_001));
    expect((await sync()).summary).toMatchObject({ failed: 2, created: 0 });
    expect((await held('a/1.jpg')).size).toBe('a/1.jpg'.length);
    expect(await stored()).toEqual(['a/1.jpg=a', 'a/2.jpg=a']);
  });

  it('is kept with keepMissing', async () => {
    await write('a/1.jpg');
    await write('a/2.jpg');
    await sync();
    await remove('a/1.jpg');
    expect((await sync({ keepMissing: true })).summary.removed).toBe(0);
    expect(await stored()).toHaveLength(2);
  });

  it('is kept if the sync stops halfway, and the next sync does the rest', async () => {
    await write('a/1.jpg');
    await write('a/2.jpg');
    await sync();
    await remove('a/1.jpg');
    await write('a/2.jpg', 'another picture');
    engine.before = () => {
      throw new PawdexError('storage_full');
    };
    expect((await sync()).summary.stoppedBy?.code).toBe('storage_full');
    expect(await stored()).toHaveLength(2);
    engine.before = () => {};
    expect((await sync()).counts).toEqual([0, 1, 0, 0, 1]);
    expect(await stored()).toEqual(['a/2.jpg=a']);
  });
});

describe('the cache of hashes', () => {
  it('saves reading files with the same size and time', async () => {
    await write('a/1.jpg', 'first');
    await sync();
    // Another content that looks unchanged shows that it was not read.
    await write('a/1.jpg', 'other');
    expect((await sync()).counts).toEqual([0, 0, 0, 0, 0]);
    await utimes(path.join(photos, 'a/1.jpg'), 1e9, 2e9);
    expect((await sync()).counts).toEqual([0, 1, 0, 0, 0]);
  });

  it.each(['', 'not JSON', '{"format":1,"files":[["a/1.jpg","x"]]}'])(
    'may be lost or contain `%s`',
    async (damaged) => {
      await write('a/1.jpg');
      await write('b/2.jpg');
      await sync();
      await writeFile(cacheFile, damaged);
      await move('b/2.jpg', 'a/2.jpg');
      expect((await sync()).counts).toEqual([0, 0, 0, 1, 0]);
      await rm(cacheFile);
      expect(await sync()).toMatchObject({ counts: [0, 0, 0, 0, 0], known: 2 });
    },
  );

  it('does not trust a file that was changed a moment ago', async () => {
    await write('a/1.jpg', 'first');
    const now = new Date();
    await utimes(path.join(photos, 'a/1.jpg'), now, now);
    await sync();
    await writeFile(path.join(photos, 'a/1.jpg'), 'other');
    await utimes(path.join(photos, 'a/1.jpg'), now, now);
    expect((await sync()).counts).toEqual([0, 1, 0, 0, 0]);
  });
});

it('refuses to remove more than a third of the photos, unless told to', async () => {
  for (const name of ['a/1.jpg', 'a/2.jpg']) {
    await write(name);
  }
  await sync();
  await remove('a/1.jpg');
  await expect(sync({ yes: false })).rejects.toMatchObject({ code: 'sync_refused' });
  expect(await stored()).toEqual(['a/1.jpg=a', 'a/2.jpg=a']);
  await sync();
  expect(await stored()).toEqual(['a/2.jpg=a']);
});

it('does its work even if the hashes cannot be cached, and says so', async () => {
  await write('a/1.jpg');
  await writeFile(path.dirname(cacheFile), 'a file where the folder should be');
  const { summary } = await sync();
  expect(summary).toMatchObject({ created: 1, stoppedBy: null, cacheError: { code: 'EEXIST' } });
});
