import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LabelledPhoto } from '../../src/datasets/labelled-photo.js';
import type { ItemInput } from '../../src/engine/engine.js';
import { PawdexError } from '../../src/errors.js';
import { type IndexProgress, indexPhotos } from '../../src/indexing/index-folder.js';
import { MemoryEngine } from '../helpers/memory-engine.js';

/** Counts what reaches the engine and can be told to fail or to wait. */
class WatchedEngine extends MemoryEngine {
  batches: number[] = [];
  before: (batch: number) => Promise<void> | void = () => {};

  override async addItems(collection: string, inputs: ItemInput[]) {
    this.batches.push(inputs.length);
    await this.before(this.batches.length);
    return super.addItems(collection, inputs);
  }
}

let root: string;
let engine: WatchedEngine;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-index-'));
  engine = new WatchedEngine();
  await engine.createCollection('mine');
});
afterEach(() => rm(root, { recursive: true }));

async function photos(count: number): Promise<LabelledPhoto[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const name = `${String(i).padStart(4, '0')}.jpg`;
      await writeFile(path.join(root, name), `photo ${i}`);
      return { file: path.join(root, name), name, label: i % 2 ? 'odd' : 'even', metadata: { n: String(i) } };
    }),
  );
}

const options = { collection: 'mine', maxFileBytes: 1000 };
const count = async () => (await engine.store.getCollection('mine')).count;

it('stores every photo with label, source and metadata, in batches', async () => {
  const set = await photos(150);
  const progress: IndexProgress[] = [];
  const summary = await indexPhotos(engine, set, { ...options, onProgress: (p) => progress.push({ ...p }) });
  expect(summary).toMatchObject({
    total: 150,
    done: 150,
    created: 150,
    skipped: 0,
    failed: 0,
    stoppedBy: null,
  });
  expect(engine.batches).toEqual([64, 64, 22]);
  expect(progress.map(({ done }) => done)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
  const { items } = await engine.store.listItems('mine', { limit: 2 });
  expect(items[1]).toMatchObject({ label: 'odd', source: '0001.jpg', metadata: { n: '1' } });
});

it('sends nothing a second time', async () => {
  const set = await photos(100);
  await indexPhotos(engine, set, options);
  const sent = engine.batches.length;
  const renamed = set.map((photo) => ({ ...photo, label: 'other' }));
  const summary = await indexPhotos(engine, renamed, options);
  expect(summary).toMatchObject({ done: 100, created: 0, skipped: 100, otherLabel: 100 });
  expect(engine.batches.length).toBe(sent);
});

it('fills batches with new photos, however sparse they are', async () => {
  const set = await photos(300);
  await indexPhotos(
    engine,
    set.filter((_, i) => i % 5 !== 0),
    options,
  );
  engine.batches = [];
  expect(await indexPhotos(engine, set, options)).toMatchObject({ created: 60, skipped: 240 });
  expect(engine.batches).toEqual([60]);
});

it('lists what it cannot read and continues', async () => {
  const set = await photos(4);
  await writeFile(set[0]!.file, '');
  await writeFile(set[1]!.file, 'x'.repeat(1001));
  await rm(set[2]!.file);
  const summary = await indexPhotos(engine, set, options);
  expect(summary).toMatchObject({ done: 4, created: 1, failed: 3, stoppedBy: null });
  expect(Object.fromEntries(summary.failures.map(({ file, code }) => [file, code]))).toEqual({
    '0000.jpg': 'image_empty',
    '0001.jpg': 'payload_too_large',
    '0002.jpg': 'file_unreadable',
  });
  expect(summary.failures.find(({ file }) => file === '0002.jpg')?.detail).toBe('There is no such file.');
  for (const { detail, hint } of summary.failures) {
    expect(detail && hint).toBeTruthy();
  }
});

it('never has more than two batches in progress', async () => {
  let inWork = 0;
  let most = 0;
  engine.before = async () => {
    most = Math.max(most, ++inWork);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inWork--;
  };
  await indexPhotos(engine, await photos(400), options);
  expect(most).toBe(2);
});

it('stops between batches on request, and resumes there the next time', async () => {
  const set = await photos(400);
  const controller = new AbortController();
  engine.before = () => controller.abort();
  const first = await indexPhotos(engine, set, { ...options, signal: controller.signal });
  expect(first.done).toBeLessThan(400);
  expect(first.created).toBe(await count());
  expect(first.created).toBeGreaterThan(0);
  engine.before = () => {};
  const second = await indexPhotos(engine, set, options);
  expect(second).toMatchObject({ done: 400, skipped: first.created, created: 400 - first.created });
});

it('stops at an error that concerns all photos, and keeps what was stored', async () => {
  engine.before = (batch) => {
    if (batch === 3) {
      throw new PawdexError('storage_full');
    }
  };
  const summary = await indexPhotos(engine, await photos(600), options);
  expect(summary.stoppedBy?.code).toBe('storage_full');
  expect(summary.failed).toBe(0);
  expect(summary.created).toBe(await count());
  expect(summary.created).toBeGreaterThanOrEqual(64);
  expect(engine.batches.length).toBeLessThan(6);
});

it('reports a missing collection', async () => {
  const summary = await indexPhotos(engine, await photos(1), { ...options, collection: 'nope' });
  expect(summary).toMatchObject({ done: 0, stoppedBy: { code: 'collection_not_found' } });
});

it('waits while the engine is overloaded', async () => {
  engine.before = (attempt) => {
    if (attempt <= 2) {
      throw new PawdexError('overloaded', { retryAfter: 0.01 });
    }
  };
  const summary = await indexPhotos(engine, await photos(3), options);
  expect(summary).toMatchObject({ created: 3, stoppedBy: null });
  expect(engine.batches).toEqual([3, 3, 3]);
});

it('leaves out names that servers refuse, and continues', async () => {
  const set = await photos(8);
  const [a, b, c, d, e] = set as [LabelledPhoto, LabelledPhoto, LabelledPhoto, LabelledPhoto, LabelledPhoto];
  a.label = 'two\nlines';
  b.label = 'x'.repeat(201);
  c.metadata = { note: 'x'.repeat(17_000) };
  d.metadata = { ['k'.repeat(129)]: 'x' };
  e.name = 'tab\t.jpg';
  const { created, failures, stoppedBy } = await indexPhotos(engine, set, options);
  expect([created, stoppedBy]).toEqual([3, null]);
  expect(failures.map(({ code, detail }) => [code, detail])).toEqual([
    ['invalid_request', 'Its label must not contain control characters.'],
    ['invalid_request', 'Its label must have 1 to 200 characters.'],
    ['invalid_request', 'Its metadata must be at most 16 KiB as JSON.'],
    ['invalid_request', 'Its metadata must have keys of at most 128 characters.'],
    ['invalid_request', 'Its path must not contain control characters.'],
  ]);
});
