/** An index job survives kills of its server: each photo is stored once, as by a job that nothing disturbs. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { ItemWithVector } from '../../src/store/store.js';
import { Sandbox } from '../cli/sandbox.js';

/** `npm run faults` tries more. */
const PHOTOS = Number(process.env.PHOTOS ?? 140);
const KILLS = Number(process.env.KILLS ?? 2);
const LIMIT_MS = 300_000 + 100 * PHOTOS;

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

const startServer = () => sandbox.serve({ PAWDEX_INDEX_ROOTS: sandbox.root });
const read = async (url: string, id: string) => (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as Job;

async function post(url: string, body: object): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as { id: string };
}

/** Starts a job that indexes the folder `photos`, unless `options` names something else. @returns its id */
async function startIndexing(url: string, collection: string, options: object = {}): Promise<string> {
  await post(`${url}/v1/collections`, { name: collection });
  return (await post(`${url}/v1/jobs`, { kind: 'index', collection, path: 'photos', ...options })).id;
}

/** Waits until a job has dealt with `done` photos, or is over. */
async function waitFor(url: string, id: string, done: number): Promise<Job> {
  for (;;) {
    const job = await read(url, id);
    if (job.finishedAt !== null || (job.progress?.phase === 'indexing' && job.progress.done >= done)) {
      return job;
    }
    await sleep(20);
  }
}

const finish = (url: string, id: string) => waitFor(url, id, Number.POSITIVE_INFINITY);

/** The items of a collection without the times of their storing, in order of their ids. */
async function itemsOf(dataDir: string, collection: string): Promise<object[]> {
  const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
  const items: ItemWithVector[] = [];
  for await (const item of store.iterate(collection)) {
    items.push(item);
  }
  await store.close();
  return items.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ createdAt: _, ...item }) => item);
}

it(
  'stores each photo once, with the same items as a job that nothing disturbs',
  async () => {
    await sandbox.photos('photos', PHOTOS);
    let server = await startServer();
    const id = await startIndexing(server.url, 'killed');
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { state } = await waitFor(server.url, id, Math.max(1, (0.9 * PHOTOS * kill) / KILLS));
      if (state !== 'running') {
        break;
      }
      await server.kill();
      killed++;
      server = await startServer();
    }
    const job = await finish(server.url, id);
    expect(killed).toBeGreaterThan(0);
    expect(job).toMatchObject({ state: 'succeeded', result: { total: PHOTOS, failed: 0, failures: [] } });
    const { created, exists } = job.result as { created: number; exists: number };
    expect(created + exists).toBe(PHOTOS);

    const other = await startIndexing(server.url, 'undisturbed');
    expect(await finish(server.url, other)).toMatchObject({ state: 'succeeded' });
    await server.stop();
    const items = await itemsOf(sandbox.dataDir, 'killed');
    expect(new Set(items.map((item) => (item as ItemWithVector).source)).size).toBe(PHOTOS);
    expect(items).toEqual(await itemsOf(sandbox.dataDir, 'undisturbed'));
  },
  LIMIT_MS,
);

it('pauses, resumes and lists a job from the command line', async () => {
  await sandbox.photos('photos', 140);
  const server = await startServer();
  const id = await startIndexing(server.url, 'mine');
  await waitFor(server.url, id, 1);
  const jobs = async (...args: string[]) =>
    JSON.parse((await sandbox.run(['jobs', ...args, '--json'])).stdout);
  await jobs('pause', id);
  while ((await read(server.url, id)).state === 'running') {
    await sleep(20);
  }
  expect((await jobs()).jobs).toMatchObject([{ id, kind: 'index', collection: 'mine' }]);

  await jobs('resume', id);
  await finish(server.url, id);
  expect(await jobs('show', id)).toMatchObject({ state: 'succeeded', result: { total: 140, failed: 0 } });
  expect((await sandbox.run(['jobs', 'failures', id])).stdout).toBe('');
  const { stdout } = await sandbox.run(['jobs']);
  expect(stdout).toContain(`${id}  index mine: succeeded, indexing 140/140`);
  expect((await server.stop()).code).toBe(0);
});

it('syncs a folder even if the server is killed meanwhile', async () => {
  const folder = await sandbox.photos('photos', 60);
  let server = await startServer();
  const sync = () => startIndexing(server.url, 'mine', { sync: true });
  expect((await finish(server.url, await sync())).result).toMatchObject({
    total: 60,
    created: 60,
    removed: 0,
  });

  await sandbox.photos('photos', 200);
  const gone = (await readdir(path.join(folder, 'odd'))).slice(0, 10);
  await Promise.all(gone.map((name) => rm(path.join(folder, 'odd', name))));
  const second = await sync();
  await waitFor(server.url, second, 51);
  await server.kill();
  server = await startServer();
  expect((await finish(server.url, second)).result).toMatchObject({ total: 190, failed: 0 });
  const labels = await (await fetch(`${server.url}/v1/collections/mine/labels`)).json();
  expect(labels).toMatchObject({ labels: expect.arrayContaining([{ label: 'odd', count: 90 }]) });

  const third = await finish(server.url, await sync());
  expect(third.result).toMatchObject({ total: 190, created: 0, exists: 190, removed: 0, updated: 0 });
});

const upload = (url: string, body: Uint8Array, type: string, query = '') =>
  fetch(`${url}/v1/collections/mine/archive${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: body as Uint8Array<ArrayBuffer>,
  });

it('indexes an uploaded archive even if the server is killed meanwhile, and then deletes it', async () => {
  const folder = await sandbox.photos('photos', 140);
  const file = path.join(sandbox.root, 'photos.tar.gz');
  execFileSync('tar', ['-czf', file, '-C', folder, '.']);
  let server = await startServer();
  await post(`${server.url}/v1/collections`, { name: 'mine' });
  const accepted = await upload(server.url, await readFile(file), 'application/gzip');
  expect(accepted.status).toBe(202);
  const { id } = (await accepted.json()) as Job;
  const kept = path.join(sandbox.dataDir, 'jobs', id);
  await waitFor(server.url, id, 1);
  expect(await readdir(kept)).toContain('upload.tar.gz');
  await server.kill();
  server = await startServer();
  expect((await finish(server.url, id)).result).toMatchObject({ total: 140, failed: 0 });
  const collection = await (await fetch(`${server.url}/v1/collections/mine`)).json();
  expect(collection).toMatchObject({ count: 140 });
  expect(await readdir(kept)).toEqual(['failures.jsonl']);
});

describe('undisturbed', () => {
  let own: Sandbox;
  let folder: string;
  let url: string;
  beforeAll(async () => {
    own = await Sandbox.create();
    folder = await own.photos('photos', 12);
    ({ url } = await own.serve({ PAWDEX_INDEX_ROOTS: own.root }));
  });
  afterAll(() => own.remove());

  it('indexes an archive on the server', async () => {
    execFileSync('tar', ['-cf', path.join(own.root, 'some.tar'), '-C', folder, 'even']);
    const id = await startIndexing(url, 'archived', { path: 'some.tar', label: 'parent' });
    expect((await finish(url, id)).result).toMatchObject({ total: 6, created: 6 });
  });

  it('refuses a sync that would remove most photos unless `yes` is given', async () => {
    const sync = async (options = {}) =>
      finish(url, await startIndexing(url, 'synced', { sync: true, ...options }));
    await sync();
    for (const name of await readdir(path.join(folder, 'even'))) {
      await rm(path.join(folder, 'even', name));
    }
    expect(await sync()).toMatchObject({ state: 'failed', error: { code: 'sync_refused' } });
    expect((await sync({ yes: true })).result).toMatchObject({ total: 6, exists: 6, removed: 6 });
  });

  it('keeps no file of an upload that is refused or cannot be read', async () => {
    await post(`${url}/v1/collections`, { name: 'mine' });
    const text = await upload(url, Buffer.from('x'), 'text/plain');
    expect(await text.json()).toMatchObject({ code: 'unsupported_media_type' });
    const badRule = await upload(url, Buffer.from('x'), 'application/zip', '?label=nonsense');
    expect(await badRule.json()).toMatchObject({ code: 'invalid_request' });
    const broken = (await (await upload(url, Buffer.from('no archive'), 'application/zip')).json()) as Job;
    expect(await finish(url, broken.id)).toMatchObject({ state: 'failed' });
    const left = await readdir(path.join(own.dataDir, 'jobs'));
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
