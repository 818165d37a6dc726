/** A server whose files cannot be written at start or stop serves, or ends; it never listens without answering. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import { CAT, Sandbox } from '../cli/sandbox.js';
import { until } from '../helpers/until.js';
import { mayMount } from './may-mount.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

/** Starts a server that may have no server.json. */
async function serve() {
  const command = sandbox.start(['serve', '--quiet']);
  const { child } = command;
  let log = '';
  child.stdout!.on('data', (chunk) => {
    log += chunk;
  });
  await until(() => log.includes('"ready"') || child.exitCode !== null);
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  const parsed = lines.map((line) => JSON.parse(line) as { msg: string; level: number; url: string });
  return {
    url: parsed.find(({ msg }) => msg === 'ready')!.url,
    warnings: parsed.filter(({ level }) => level >= 40).map(({ msg }) => msg),
    ...command,
  };
}

describe('a server', () => {
  const obstacles: [string, (dataDir: string) => Promise<unknown>, RegExp][] = [
    [
      'a folder in place of server.json',
      (dir) => mkdir(path.join(dir, 'server.json/x'), { recursive: true }),
      /server\.json/,
    ],
    [
      'a file in place of the folder of jobs',
      (dir) => writeFile(path.join(dir, 'jobs'), ''),
      /job records cannot be read/,
    ],
    [
      'a folder in place of a job',
      (dir) => mkdir(path.join(dir, 'jobs/a.json'), { recursive: true }),
      /record of a job/,
    ],
  ];
  it.each(obstacles)('warns of %s, serves, and ends at the first SIGTERM', async (_, hinder, warning) => {
    await mkdir(sandbox.dataDir);
    await hinder(sandbox.dataDir);
    const server = await serve();
    expect(server.warnings.join()).toMatch(warning);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${server.url}/v1/collections`)).status).toBe(200);
    expect((await server.stop()).code).toBe(0);
  });

  it('refuses a new job with a code if jobs cannot be recorded', async () => {
    await mkdir(sandbox.dataDir);
    await writeFile(path.join(sandbox.dataDir, 'jobs'), '');
    const { url } = await serve();
    const headers = { 'Content-Type': 'application/json' };
    await fetch(`${url}/v1/collections`, { method: 'POST', headers, body: '{"name":"mine"}' });
    const body = '{"kind":"evaluate","collection":"mine"}';
    const refused = await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body });
    expect(await refused.json()).toMatchObject({ code: 'storage_failed' });
  });

  it.skipIf(!existsSync('/dev/full'))(
    'reports that its log cannot be written, serves, and ends at the first SIGTERM',
    async () => {
      const command = [process.execPath, path.join(PACKAGE_ROOT, 'dist/cli/main.js'), 'serve', '--quiet'];
      const child = spawn('sh', ['-c', 'exec "$@" > /dev/full', 'sh', ...command], {
        env: { ...process.env, PAWDEX_DATA_DIR: sandbox.dataDir, PAWDEX_GALLERY: '', PAWDEX_PORT: '0' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const closed = once(child, 'close');
      let complaint = '';
      child.stderr.on('data', (chunk) => {
        complaint += chunk;
      });
      try {
        const file = path.join(sandbox.dataDir, 'server.json');
        await until(() => existsSync(file) || child.exitCode !== null);
        const { url } = JSON.parse(readFileSync(file, 'utf8'));
        expect((await fetch(`${url}/readyz`)).status).toBe(200);
        child.kill('SIGTERM');
        expect((await closed)[0]).toBe(0);
        expect(complaint).toMatch(/^warning: the log cannot be written \(ENOSPC.*\n$/);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  it('removes what a killed server left of uploads and downloads', async () => {
    const left = path.join(sandbox.dataDir, 'transfers/0b024c4f.parquet');
    await mkdir(path.dirname(left), { recursive: true });
    await writeFile(left, 'half of a file');
    const server = await serve();
    expect(existsSync(left)).toBe(false);
    expect((await server.stop()).code).toBe(0);
  });

  it('stops cleanly if server.json cannot be removed', async () => {
    const server = await sandbox.serve();
    await rm(path.join(sandbox.dataDir, 'server.json'));
    await mkdir(path.join(sandbox.dataDir, 'server.json'));
    expect(await server.stop()).toMatchObject({ code: 0, stdout: expect.stringContaining('"stopped"') });
  });
});

describe('a server on a damaged data directory', () => {
  const get = async (url: string) => {
    const answer = await fetch(url);
    return [answer.status, await answer.json()] as const;
  };

  it('stays not ready, says what is wrong, and continues with what is left if damage is accepted', async () => {
    const first = await sandbox.serve();
    const photos = await sandbox.photos('photos', 4);
    await sandbox.run(['index', photos, '-c', 'mine', '--quiet']);
    first.child.kill('SIGTERM');
    await first.ended;
    const db = new Database(path.join(sandbox.dataDir, 'pawdex.db'));
    db.exec('DELETE FROM vectors WHERE seq = 2');
    db.close();

    const server = await sandbox.serve();
    const [status, state] = await get(`${server.url}/readyz`);
    expect([status, state]).toEqual([
      503,
      {
        status: 'damaged',
        code: 'data_damaged',
        detail: 'Collection mine: of 4 items, 1 have no vector.',
        hint: expect.stringContaining('--accept-damage'),
      },
    ]);
    expect(await get(`${server.url}/v1/collections`)).toMatchObject([503, { code: 'data_damaged' }]);
    expect((await get(`${server.url}/healthz`))[0]).toBe(200);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
    expect(await sandbox.run(['doctor'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/FAIL.*no vector/),
    });
    expect(await server.stop()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Not ready: Collection mine'),
    });
    expect(await sandbox.run(['doctor'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/FAIL.*no vector/),
    });

    const accepted = await sandbox.serve({ PAWDEX_ACCEPT_DAMAGE: 'true' });
    expect((await get(`${accepted.url}/readyz`))[0]).toBe(200);
    expect((await get(`${accepted.url}/v1/collections/mine`))[1]).toMatchObject({ count: 3 });
    accepted.child.kill('SIGTERM');
    expect((await accepted.ended).stdout).toContain('3 items were kept');
  });

  it('says that its database is missing', async () => {
    const first = await sandbox.serve();
    await sandbox.run(['index', await sandbox.photos('photos', 2), '-c', 'mine', '--quiet']);
    first.child.kill('SIGTERM');
    await first.ended;
    await rm(path.join(sandbox.dataDir, 'pawdex.db'));
    const server = await sandbox.serve();
    expect((await get(`${server.url}/readyz`))[1]).toMatchObject({
      code: 'data_damaged',
      detail: 'pawdex.db is missing or empty beside ledger.json, which lists 2 items in mine.',
    });
    expect(await get(`${server.url}/v1/jobs`)).toMatchObject([503, { code: 'data_damaged' }]);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('\npawdex_data_damaged 1\n');
  });
});

describe('a server on a full disk', () => {
  it.skipIf(!mayMount)(
    'starts, reads, refuses writes with a code, and stops',
    async () => {
      const disk = await mkdtemp(path.join(tmpdir(), 'pawdex-full-server-'));
      const script = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"';
      const child = fileURLToPath(new URL('./server-child.mjs', import.meta.url));
      const main = path.join(PACKAGE_ROOT, 'dist/cli/main.js');
      const run = [process.execPath, child, main, path.join(disk, 'data'), CAT];
      const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script, disk, ...run], {
        encoding: 'utf8',
        timeout: 120_000,
      });
      await rm(disk, { recursive: true });
      expect(stdout, stderr).toMatch(/^\{/);
      expect(JSON.parse(stdout)).toMatchObject({
        added: 'created',
        ready: true,
        listed: 1,
        nearest: 1,
        refused: 'storage_full',
        stopped: 0,
        warnings: [expect.stringContaining('server.json')],
        after: 1,
        stoppedAfter: 0,
      });
    },
    150_000,
  );
});
