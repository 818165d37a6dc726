import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followJob, PawdexClient, runJob } from '../../src/client/index.js';
import { addChecksum, verifyChecksum } from '../../src/files/checksummed-json.js';
import { SQLITE_MODULE } from '../../src/native-modules.js';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

describe('pawdex serve', () => {
  it('runs long work as jobs, with the results of a command without a server', async () => {
    const photos = await sandbox.photos('photos', 12);
    const server = await sandbox.serve();
    await sandbox.run(['index', photos, '-c', 'mine', '--quiet']);
    const measure = ['eval', '--collection', 'mine', '--json', '--quiet'];
    const check = ['check-labels', '--collection', 'mine', '--limit', '3', '--json', '--quiet'];
    const calibrate = ['calibrate', '--collection', 'mine', '--json', '--quiet'];
    const nowhere = ['calibrate', '--collection', 'nowhere', '--quiet'];
    const run = (commands: string[][]) => Promise.all(commands.map((command) => sandbox.run(command)));
    const [measured, checked, fitted, missing] = await run([measure, check, calibrate, nowhere]);
    expect(JSON.parse(measured!.stdout)).toMatchObject({
      n: 12,
      photos: 12,
      index: { kind: 'exact', recallAt10: 1 },
    });
    expect(JSON.parse(fitted!.stdout)).toMatchObject({ calibration: null, queries: 12, needed: 100 });
    expect([measured, checked, fitted, missing].map((ended) => ended!.code)).toEqual([0, 0, 1, 3]);
    expect(missing!.stderr).toContain('[collection_not_found]');
    const { jobs } = (await (await fetch(`${server.url}/v1/jobs`)).json()) as { jobs: { kind: string }[] };
    expect(jobs.map(({ kind }) => kind).sort()).toEqual(['calibrate', 'check-labels', 'evaluate']);
    const listed = await sandbox.run(['jobs', '--quiet']);
    expect(listed.stdout.trim().split('\n')).toHaveLength(jobs.length);
    expect((await sandbox.run(['jobs', 'list', 'ID', '--quiet'])).stderr).toContain('too many arguments');
    expect((await server.stop()).code).toBe(0);
    for (const [command, through] of [
      [measure, measured],
      [check, checked],
    ] as const) {
      expect(JSON.parse((await sandbox.run(command)).stdout)).toEqual(JSON.parse(through!.stdout));
    }
  });

  it('exports collections as jobs whose files can be downloaded, and keeps those of the last three', async () => {
    const photos = await sandbox.photos('photos', 12);
    const server = await sandbox.serve();
    const client = new PawdexClient({ baseUrl: server.url });
    await sandbox.run(['index', photos, '-c', 'mine', '--quiet']);
    const file = path.join(sandbox.root, 'mine.parquet');
    const exported = await sandbox.run(['export', '-c', 'mine', '--out', file, '--json', '--quiet']);
    expect(JSON.parse(exported.stdout)).toMatchObject({ items: 12 });
    const imported = await sandbox.run(['import', file, '-c', 'copy', '--json', '--quiet']);
    expect(JSON.parse(imported.stdout)).toMatchObject({ created: 12, verified: 12, failed: 0 });

    const [, first] = await client.listJobs();
    const answer = await fetch(`${server.url}/v1/jobs/${first!.id}/file`, {
      headers: { range: 'bytes=0-3' },
    });
    expect([answer.status, await answer.text()]).toEqual([206, 'PAR1']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/vnd.apache.parquet',
      'content-disposition': 'attachment; filename=mine.parquet',
    });
    for (let i = 0; i < 3; i++) {
      await runJob(client, { kind: 'export', collection: 'mine' });
    }
    const jobs = await client.listJobs();
    expect(jobs.map(({ kind }) => kind)).toEqual(['export', 'export', 'export', 'import']);
    await client.downloadExport(jobs[2]!.id, file);
    expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1');
    await expect(client.downloadExport(jobs[3]!.id, file)).rejects.toMatchObject({
      code: 'export_not_found',
    });
    const listed = await sandbox.run(['jobs']);
    expect(listed.stdout.trim().split('\n')).toHaveLength(4);
    expect((await server.stop()).code).toBe(0);
  });

  it('indexes an archive that a client uploads', async () => {
    const photos = await sandbox.photos('photos', 6);
    const server = await sandbox.serve();
    const client = new PawdexClient({ baseUrl: server.url });
    await client.createCollection('mine');
    const archive = path.join(sandbox.root, 'photos.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', photos, '.']);
    const started = await client.indexArchive('mine', archive, { label: 'folder' });
    expect((await followJob(client, started)).result).toMatchObject({ created: 6, failed: 0 });
    expect((await client.listLabels('mine')).map(({ label }) => label).sort()).toEqual(['even', 'odd']);
    await expect(client.indexArchive('mine', photos)).rejects.toMatchObject({ code: 'usage' });
  });

  it('shows a job as interrupted after a crash', async () => {
    const folder = path.join(sandbox.dataDir, 'jobs');
    await mkdir(folder, { recursive: true });
    const job = {
      id: randomUUID(),
      kind: 'calibrate',
      collection: 'mine',
      state: 'running',
      progress: null,
      result: null,
      error: null,
      createdAt: '2026-01-02T03:04:05.678Z',
      finishedAt: null,
      startedAt: '2026-01-02T03:04:06.789Z',
    };
    await writeFile(path.join(folder, `${job.id}.json`), JSON.stringify(job));
    const server = await sandbox.serve();
    const found = await (await fetch(`${server.url}/v1/jobs/${job.id}`)).json();
    expect(found).toMatchObject({ state: 'failed', error: { code: 'job_interrupted' } });
    expect(found).toMatchObject({ createdAt: job.createdAt, startedAt: job.startedAt });
    expect((await server.stop()).code).toBe(0);
  });

  it('refuses a data directory in use by a server, and a port in use', async () => {
    const server = await sandbox.serve();
    const second = await sandbox.run(['serve']);
    expect(second.code).toBe(4);
    expect(second.stderr).toContain(server.url);
    const compacting = await sandbox.run(['compact']);
    expect(compacting.code).toBe(4);
    // No server compacts, so none is recommended.
    expect(compacting.stderr).toContain('Stop it, or use another --data-dir');

    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const other = { PAWDEX_DATA_DIR: path.join(sandbox.root, 'other'), PAWDEX_PORT: String(port) };
    const third = await sandbox.run(['serve'], other);
    taken.close();
    expect(third.code).toBe(2);
    expect(third.stderr).toContain(`127.0.0.1:${port}`);
  });

  it('requires the key from commands, and is reached by its URL', async () => {
    const server = await sandbox.serve({ PAWDEX_API_KEYS: 'secret-one' });
    const photo = path.join(await sandbox.photos('photos', 1), 'even/0000.png');
    const args = ['embed', photo, '--server', server.url];
    const refused = await sandbox.run(args, { PAWDEX_API_KEY: 'wrong' });
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toContain('[unauthorized]');
    expect((await sandbox.run(args, { PAWDEX_API_KEY: 'secret-one' })).code).toBe(0);
  });

  it('is not contacted after it died', async () => {
    const server = await sandbox.serve();
    await server.kill();
    const photo = path.join(await sandbox.photos('photos', 1), 'even/0000.png');
    const { code, stderr } = await sandbox.run(['embed', photo]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('pawdex doctor', () => {
  it('finds a fresh directory, a served one and a damaged one', async () => {
    const fresh = await sandbox.run(['doctor', '--json']);
    expect(fresh.code).toBe(0);
    const { ok, checks } = JSON.parse(fresh.stdout);
    expect(ok).toBe(true);
    const names = checks.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['node', SQLITE_MODULE, 'model', 'gallery', 'disk', 'port']),
    );

    const server = await sandbox.serve();
    const served = await sandbox.run(['doctor']);
    expect(served).toMatchObject({ code: 0, stdout: expect.stringContaining(`in use by ${server.url}`) });
    await server.stop();
    const sound = await sandbox.run(['doctor']);
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringContaining('is sound') });
    const ledger = path.join(sandbox.dataDir, 'ledger.json');
    const state = JSON.parse(verifyChecksum(await readFile(ledger, 'utf8')));
    await writeFile(ledger, addChecksum(JSON.stringify({ ...state, open: true, inode: '1' })));
    const copied = await sandbox.run(['doctor']);
    expect(copied.stdout).toMatch(/warn {2}data directory: .*was copied while pawdex was using it/);
    expect(copied.stdout).not.toMatch(/repaired|rebuilt/);

    await writeFile(path.join(sandbox.dataDir, 'pawdex.db'), 'x'.repeat(10_000));
    const damaged = await sandbox.run(['doctor']);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/FAIL {2}database: .*not a database/);
  });
});
