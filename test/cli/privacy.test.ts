import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

async function stop(server: Awaited<ReturnType<Sandbox['serve']>>): Promise<string> {
  const { code, stdout } = await server.stop();
  expect(code).toBe(0);
  return stdout;
}

describe.skipIf(process.platform === 'win32')('the data directory', () => {
  it('is readable only by its owner, with everything in it', async () => {
    const photos = await sandbox.photos('photos', 20);
    const server = await sandbox.serve();
    await sandbox.run(['index', photos, '-c', 'mine', '--quiet']);
    await sandbox.run(['calibrate', '-c', 'mine', '--quiet']);
    const modes = async () => {
      const names = await readdir(sandbox.dataDir, { recursive: true });
      const all = ['', ...names].map(async (name) => ({
        name,
        mode: (await stat(path.join(sandbox.dataDir, name))).mode & 0o777,
      }));
      return Promise.all(all);
    };
    const open = (await modes()).filter(({ mode }) => (mode & 0o077) !== 0);
    expect(open).toEqual([]);
    expect((await modes()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['', 'pawdex.db', 'pawdex.db-wal', 'server.json', 'jobs']),
    );
    expect(await stop(server)).not.toContain('Other users');
  });

  it('causes a warning if others may read it', async () => {
    await stop(await sandbox.serve());
    await chmod(sandbox.dataDir, 0o755);
    await chmod(path.join(sandbox.dataDir, 'pawdex.db'), 0o644);
    expect(await stop(await sandbox.serve())).toContain(
      'Other users of this machine can read the data directory',
    );
  });
});

describe('API keys', () => {
  const ask = async (url: string, key: string) =>
    (await fetch(`${url}/v1/collections`, { headers: { authorization: `Bearer ${key}` } })).status;

  it('are read from a file, and also from the environment', async () => {
    const file = path.join(sandbox.root, 'keys');
    await writeFile(file, '# for the shop\nfirst-key\r\n\nsecond-key');
    const server = await sandbox.serve({ PAWDEX_API_KEYS_FILE: file, PAWDEX_API_KEYS: 'third-key' });
    const keys = ['first-key', 'second-key', 'third-key', '# for the shop', ''];
    expect(await Promise.all(keys.map((key) => ask(server.url, key)))).toEqual([200, 200, 200, 401, 401]);
    expect(await stop(server)).not.toContain('--api-keys-file');
  });

  it('prevent the start if their file is missing or empty', async () => {
    const empty = path.join(sandbox.root, 'empty');
    await writeFile(empty, '\n# nothing yet\n');
    const missing = path.join(sandbox.root, 'missing');
    for (const file of [
      empty,
      missing,
      await mkdir(path.join(sandbox.root, 'folder'), { recursive: true }),
    ]) {
      const { code, stderr } = await sandbox.run(['serve', '--api-keys-file', file!]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('PAWDEX_API_KEYS_FILE') });
    }
  });

  it('cause a warning if given as a flag', async () => {
    const { child, ended } = sandbox.start(['serve', '--api-keys', 'visible']);
    child.stderr?.once('data', () => child.kill('SIGTERM'));
    expect((await ended).stdout).toContain('Use --api-keys-file');
  });
});
