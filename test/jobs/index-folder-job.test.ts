import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AddResult } from '../../src/engine/engine.js';
import { PawdexError } from '../../src/errors.js';
import type { IndexOutcome, ReportedProgress } from '../../src/jobs/job.js';
import { readFailures } from '../../src/jobs/job-journal.js';
import { createJobWork } from '../../src/jobs/job-work.js';

import { MemoryEngine } from '../helpers/memory-engine.js';

let base: string;
let engine: MemoryEngine;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'pawdex-index-job-'));
  await mkdir(path.join(base, 'job'));
  for (let i = 0; i < 300; i++) {
    const folder = path.join(base, 'photos', i % 2 === 0 ? 'siamese' : 'beagle');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, `${i}.jpg`), `photo ${i}`);
  }
  engine = new MemoryEngine();
  await engine.createCollection('mine');
});
afterEach(() => rm(base, { recursive: true }));

/** Photos that reached the collection, by how often. */
function watchAdded(): Map<string, number> {
  const added = new Map<string, number>();
  const add = engine.addItems.bind(engine);
  engine.addItems = async (collection, items): Promise<AddResult[]> => {
    for (const { source } of items) {
      added.set(source!, (added.get(source!) ?? 0) + 1);
    }
    return add(collection, items);
  };
  return added;
}

function run(signal: AbortSignal, onProgress: (progress: ReportedProgress) => void = () => {}) {
  const work = createJobWork({
    engine,
    indexRoots: [base],
    maxFileBytes: 1000,
    syncDir: path.join(base, 'sync'),
  });
  const request = { kind: 'index', collection: 'mine', path: 'photos' } as const;
  return work(request, { signal, onProgress, folder: path.join(base, 'job') }) as Promise<IndexOutcome>;
}

const never = new AbortController().signal;

it('indexes a folder, and reports its progress in counts', async () => {
  const reports: ReportedProgress[] = [];
  expect(await run(never, (progress) => reports.push(progress))).toEqual({
    total: 300,
    created: 300,
    exists: 0,
    failed: 0,
    updated: 0,
    removed: 0,
    failures: [],
  });
  expect(reports[0]).toMatchObject({ phase: 'listing' });
  expect(reports.at(-1)).toEqual({
    phase: 'indexing',
    done: 300,
    total: 300,
    counts: { created: 300, exists: 0 },
  });
  const { items } = await engine.store.listItems('mine', { limit: 1000 });
  expect(new Set(items.map(({ label }) => label))).toEqual(new Set(['siamese', 'beagle']));
});

it('resumes where it was stopped, adds nothing twice, and counts as if it had never been stopped', async () => {
  const added = watchAdded();
  for (const stopAt of [64, 128]) {
    const stop = new AbortController();
    const stopped = run(stop.signal, ({ phase, done }) => {
      if (phase === 'indexing' && done >= stopAt) {
        stop.abort(new PawdexError('job_interrupted'));
      }
    });
    await expect(stopped).rejects.toMatchObject({ code: 'job_interrupted' });
  }
  expect(added.size).toBeLessThan(300);
  expect(await run(never)).toMatchObject({ total: 300, created: 300, exists: 0, failed: 0 });
  expect([...added.values()].every((times) => times === 1)).toBe(true);
  expect((await engine.store.getCollection('mine')).count).toBe(300);
});

it('stores each photo once if its journal is lost, as after a power cut', async () => {
  const stop = new AbortController();
  await run(stop.signal, ({ done, phase }) => phase === 'indexing' && done >= 64 && stop.abort()).catch(
    () => {},
  );
  await rm(path.join(base, 'job/journal.jsonl'));
  const outcome = await run(never);
  expect(outcome.created + outcome.exists).toBe(300);
  expect(outcome.exists).toBeGreaterThanOrEqual(64);
  expect((await engine.store.getCollection('mine')).count).toBe(300);
});

it('lists refused files: too large, or links that lead out of the index roots', async () => {
  const secret = path.join(tmpdir(), `pawdex-secret-${process.pid}.jpg`);
  await writeFile(secret, 'secret');
  await symlink(secret, path.join(base, 'photos/beagle/link.jpg'));
  await writeFile(path.join(base, 'photos/beagle/large.jpg'), Buffer.alloc(1001));
  const outcome = await run(never);
  await rm(secret);
  expect(outcome).toMatchObject({ total: 302, created: 300, failed: 2 });
  expect(outcome.failures.map(({ file, code }) => [file, code]).sort()).toEqual([
    ['beagle/large.jpg', 'payload_too_large'],
    ['beagle/link.jpg', 'path_not_allowed'],
  ]);
  const listed: string[] = [];
  for await (const { file } of readFailures(path.join(base, 'job'))) {
    listed.push(file);
  }
  expect(listed).toHaveLength(2);
});

it('stops at an error that concerns all photos, and waits as long as others keep the server busy', async () => {
  const add = engine.addItems.bind(engine);
  let refusals = 3;
  engine.addItems = (collection, items) => {
    if (refusals-- > 0) {
      throw new PawdexError('overloaded', { retryAfter: 500 });
    }
    return add(collection, items);
  };
  expect(await run(never)).toMatchObject({ created: 300, failed: 0 });
  await rm(path.join(base, 'job'), { recursive: true });
  await mkdir(path.join(base, 'job'));
  engine.store.findKnown = () => Promise.reject(new PawdexError('storage_full'));
  await expect(run(never)).rejects.toMatchObject({ code: 'storage_full' });
});
