import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Job } from '../../src/jobs/job.js';
import { FileJobRecords } from '../../src/jobs/job-records.js';
import type { JobRequest } from '../../src/jobs/job-request.js';

let folder: string;
let dir: string;
let unreadable: string[];
const open = () => new FileJobRecords(dir, (file) => unreadable.push(path.basename(file)));
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-jobs-'));
  dir = path.join(folder, 'jobs');
  unreadable = [];
});
afterEach(() => rm(folder, { recursive: true }));

const job = (change: Partial<Job> = {}): Job => ({
  id: randomUUID(),
  kind: 'evaluate',
  collection: 'mine',
  state: 'succeeded',
  progress: { phase: 'computing', done: 0, total: 1, perSecond: null, secondsLeft: null },
  result: { n: 3, label: 'bärenhund' },
  error: null,
  createdAt: new Date().toISOString(),
  startedAt: null,
  finishedAt: null,
  interruptions: 0,
  ...change,
});

it('returns the newest saved state of each job, without removed ones', async () => {
  const records = open();
  expect(await records.load()).toEqual([]);
  const [a, b] = [job({ state: 'running' }), job()];
  for (const each of [a, b, { ...a, state: 'cancelled' as const }]) {
    await records.save(each);
  }
  expect((await open().load()).sort((x, y) => (x.id === a.id ? -1 : y.id === a.id ? 1 : 0))).toEqual([
    { ...a, state: 'cancelled' },
    b,
  ]);
  await records.remove(a.id);
  await records.remove(a.id);
  expect(await open().load()).toEqual([b]);
});

it('saves the states of a job in order, although nobody waits in between', async () => {
  const records = open();
  await records.load();
  const running = job({ state: 'running' });
  const states = Array.from({ length: 20 }, (_, interruptions) => ({ ...running, interruptions }));
  await Promise.all(states.map((state) => records.save(state)));
  expect(await open().load()).toEqual([states.at(-1)]);
});

it('removes what a crash left half-written, and leaves what it cannot read', async () => {
  const records = open();
  await records.load();
  const kept = job();
  await records.save(kept);
  await writeFile(path.join(dir, `${kept.id}.json.tmp`), '{"id":');
  await writeFile(path.join(dir, 'odd.json'), '{"id": 7}');
  await writeFile(path.join(dir, 'broken.json'), '{');
  expect(await open().load()).toEqual([kept]);
  expect(unreadable.sort()).toEqual(['broken.json', 'odd.json']);
  expect((await readdir(dir)).sort()).toEqual([`${kept.id}.json`, 'broken.json', 'odd.json'].sort());
});

it('rejects a record or request with a flipped bit, and reads those of an earlier version', async () => {
  const records = open();
  await records.load();
  const [damaged, older] = [job({ state: 'queued' }), job()];
  await records.accept(damaged, { kind: 'evaluate', collection: 'mine' } as JobRequest);
  const request = path.join(records.getFolder(damaged.id), 'request.json');
  await writeFile(request, (await readFile(request, 'utf8')).replace('mine', 'mind'));
  expect(await records.loadRequest(damaged.id)).toBeNull();
  const file = path.join(dir, `${damaged.id}.json`);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"n":3', '"n":2'));
  await writeFile(path.join(dir, `${older.id}.json`), JSON.stringify(older));
  expect(await open().load()).toEqual([older]);
  expect(unreadable).toEqual([`${damaged.id}.json`]);
});

it.skipIf(process.getuid?.() === 0)('reports that it cannot be written', async () => {
  const records = open();
  await records.load();
  await chmod(dir, 0o500);
  await expect(records.save(job())).rejects.toMatchObject({ code: 'EACCES' });
  await chmod(dir, 0o700);
});

it('reports that the folder is gone', async () => {
  const records = open();
  await records.load();
  await rm(dir, { recursive: true });
  await expect(records.save(job())).rejects.toMatchObject({ code: 'ENOENT' });
});

it("keeps a job's request until it is over, and its folder until it is forgotten", async () => {
  const records = open();
  await records.load();
  const queued = job({ state: 'queued' });
  const embeddings = [Float32Array.of(0.5, -1), Float32Array.of(0, 3)];
  const request = { kind: 'evaluate', collection: 'mine', nonPets: { embeddings } } as const;
  await records.accept(queued, { ...request, nonPets: { embeddings } });
  expect(await open().loadRequest(queued.id)).toEqual(request);
  await writeFile(path.join(records.getFolder(queued.id), 'journal.jsonl'), '');
  await records.save({ ...queued, state: 'succeeded', finishedAt: new Date().toISOString() });
  expect(await open().loadRequest(queued.id)).toBeNull();
  expect(await readdir(records.getFolder(queued.id))).toEqual(['journal.jsonl']);
  await records.remove(queued.id);
  expect(await readdir(dir)).toEqual([]);
});

it('removes the folder of a job that was never accepted', async () => {
  const records = open();
  await records.load();
  const lost = job();
  await records.accept(lost, { kind: 'snapshot' });
  await rm(path.join(dir, `${lost.id}.json`));
  expect(await open().load()).toEqual([]);
  expect(await readdir(dir)).toEqual([]);
});
