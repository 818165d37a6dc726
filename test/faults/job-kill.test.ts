/** An index job whose server is killed again and again stores each photo once, as a job does that nothing disturbs. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { ItemWithVector } from '../../src/store/store.js';
import { Bench } from '../cli/pawdex.js';

const PHOTOS = 260;

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
});
afterEach(() => bench.remove());

const read = async (url: string, id: string) => (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as Job;

async function startIndexing(url: string, collection: string, options: object = {}): Promise<string> {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await answer.json()) as { id: string };
  };
  await post('/v1/collections', { name: collection });
  return (await post('/v1/jobs', { kind: 'index', collection, path: 'photos', ...options })).id;
}

/** Waits until a job has dealt with some photos, or is over. */
async function waitFor(url: string, id: string, done: number): Promise<Job> {
  for (;;) {
    const job = await read(url, id);
    if (job.finishedAt !== null || (job.progress?.phase === 'indexing' && job.progress.done >= done)) {
      return job;
    }
    await sleep(20);
  }
}

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

it('stores each photo once, with the same items as without kills', async () => {
  await bench.photos('photos', PHOTOS);
  const env = { PAWDEX_INDEX_ROOTS: bench.root };
  let server = await bench.serve(env);
  const id = await startIndexing(server.url, 'killed');
  let killed = 0;
  for (const done of [1, 65, 129]) {
    const { state } = await waitFor(server.url, id, done);
    if (state !== 'running') {
      break;
    }
    server.child.kill('SIGKILL');
    await server.ended;
    killed++;
    server = await bench.serve(env);
  }
  const job = await waitFor(server.url, id, Number.POSITIVE_INFINITY);
  expect(killed).toBeGreaterThan(0);
  expect(job).toMatchObject({ state: 'succeeded', result: { total: PHOTOS, failed: 0, failures: [] } });
  const { created, exists } = job.result as { created: number; exists: number };
  expect(created + exists).toBe(PHOTOS);

  const other = await startIndexing(server.url, 'undisturbed');
  expect(await waitFor(server.url, other, Number.POSITIVE_INFINITY)).toMatchObject({ state: 'succeeded' });
  server.child.kill('SIGTERM');
  await server.ended;
  const items = await itemsOf(bench.dataDir, 'killed');
  expect(new Set(items.map((item) => (item as ItemWithVector).source)).size).toBe(PHOTOS);
  expect(items).toEqual(await itemsOf(bench.dataDir, 'undisturbed'));
}, 600_000);

it('survives pauses, and is shown and controlled by the command line', async () => {
  await bench.photos('photos', 140);
  const server = await bench.serve({ PAWDEX_INDEX_ROOTS: bench.root });
  const id = await startIndexing(server.url, 'mine');
  await waitFor(server.url, id, 1);
  const jobs = async (...args: string[]) => JSON.parse((await bench.run(['jobs', ...args, '--json'])).stdout);
  await jobs('pause', id);
  while ((await read(server.url, id)).state === 'running') {
    await sleep(20);
  }
  const { jobs: listed } = await jobs();
  expect(listed).toMatchObject([{ id, kind: 'index', collection: 'mine' }]);
  await jobs('resume', id);
  await waitFor(server.url, id, Number.POSITIVE_INFINITY);
  expect(await jobs('show', id)).toMatchObject({ state: 'succeeded', result: { total: 140, failed: 0 } });
  expect((await bench.run(['jobs', 'failures', id])).stdout).toBe('');
  const shown = await bench.run(['jobs']);
  expect(shown.stdout).toContain(`${id}  index mine: succeeded, indexing 140/140`);
  const wrong = await bench.run(['jobs', 'cancel']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('[usage]')]);
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
}, 300_000);

it('indexes an archive and syncs a folder, even if the server is killed meanwhile', async () => {
  const env = { PAWDEX_INDEX_ROOTS: bench.root };
  const folder = await bench.photos('photos', 60);
  execFileSync('tar', ['-cf', path.join(bench.root, 'some.tar'), '-C', folder, 'even']);
  let server = await bench.serve(env);
  const end = async (id: string) => (await waitFor(server.url, id, Number.POSITIVE_INFINITY)).result;
  const archive = await startIndexing(server.url, 'archived', { path: 'some.tar', label: 'parent' });
  expect(await end(archive)).toMatchObject({ total: 30, created: 30 });

  const first = await startIndexing(server.url, 'mine', { sync: true });
  expect(await end(first)).toMatchObject({ total: 60, created: 60, removed: 0 });
  await bench.photos('photos', 200);
  const gone = (await readdir(path.join(folder, 'odd'))).slice(0, 10);
  await Promise.all(gone.map((name) => rm(path.join(folder, 'odd', name))));
  const second = await startIndexing(server.url, 'mine', { sync: true });
  await waitFor(server.url, second, 51);
  server.child.kill('SIGKILL');
  await server.ended;
  server = await bench.serve(env);
  expect(await end(second)).toMatchObject({ total: 190, failed: 0 });
  const labels = (await (await fetch(`${server.url}/v1/collections/mine/labels`)).json()) as object;
  expect(labels).toMatchObject({ labels: expect.arrayContaining([{ label: 'odd', count: 90 }]) });
  const third = await startIndexing(server.url, 'mine', { sync: true });
  expect(await end(third)).toMatchObject({ total: 190, created: 0, exists: 190, removed: 0, updated: 0 });

  for (const name of await readdir(path.join(folder, 'even'))) {
    await rm(path.join(folder, 'even', name));
  }
  const refused = await startIndexing(server.url, 'mine', { sync: true });
  await end(refused);
  expect(await read(server.url, refused)).toMatchObject({ state: 'failed', error: { code: 'sync_refused' } });
  const meant = await startIndexing(server.url, 'mine', { sync: true, yes: true });
  expect(await end(meant)).toMatchObject({ total: 90, exists: 90, removed: 100 });
  server.child.kill('SIGTERM');
  await server.ended;
}, 300_000);

it('indexes an uploaded archive even if the server is killed meanwhile, and then deletes it', async () => {
  const folder = await bench.photos('photos', 200);
  const file = path.join(bench.root, 'photos.tar.gz');
  execFileSync('tar', ['-czf', file, '-C', folder, '.']);
  let server = await bench.serve();
  const headers = { 'content-type': 'application/json' };
  await fetch(`${server.url}/v1/collections`, { method: 'POST', headers, body: '{"name":"mine"}' });
  const upload = (body: Uint8Array, type: string, query = '') =>
    fetch(`${server.url}/v1/collections/mine/archive${query}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: body as Uint8Array<ArrayBuffer>,
    });
  const accepted = await upload(await readFile(file), 'application/gzip');
  expect(accepted.status).toBe(202);
  const { id } = (await accepted.json()) as Job;
  const kept = path.join(bench.dataDir, 'jobs', id);
  await waitFor(server.url, id, 1);
  expect(await readdir(kept)).toContain('upload.tar.gz');
  server.child.kill('SIGKILL');
  await server.ended;
  server = await bench.serve();
  const { result } = await waitFor(server.url, id, Number.POSITIVE_INFINITY);
  expect(result).toMatchObject({ total: 200, failed: 0 });
  expect((await (await fetch(`${server.url}/v1/collections/mine`)).json()) as object).toMatchObject({
    count: 200,
  });
  expect(await readdir(kept)).toEqual(['failures.jsonl']);

  const refusals = await Promise.all([
    upload(Buffer.from('x'), 'text/plain'),
    upload(Buffer.from('x'), 'application/zip', '?label=nonsense'),
  ]);
  const codes = await Promise.all(
    refusals.map(async (answer) => ((await answer.json()) as { code: string }).code),
  );
  expect(codes).toEqual(['unsupported_media_type', 'invalid_request']);
  const broken = (await (await upload(Buffer.from('no archive'), 'application/zip')).json()) as Job;
  expect(await waitFor(server.url, broken.id, Number.POSITIVE_INFINITY)).toMatchObject({ state: 'failed' });
  expect((await readdir(path.join(bench.dataDir, 'jobs'))).filter((name) => name.endsWith('.tmp'))).toEqual(
    [],
  );
  server.child.kill('SIGTERM');
  await server.ended;
}, 300_000);
