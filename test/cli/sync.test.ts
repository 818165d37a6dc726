import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PawdexClient } from '../../src/client/client.js';
import { until } from '../helpers/until.js';
import { CAT, Sandbox, stored } from './sandbox.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

const sync = (dir: string, ...flags: string[]) => ['index', dir, '-c', 'mine', '--sync', '--json', ...flags];

describe('pawdex index --sync', () => {
  it('shows a plan, refuses to remove many photos, and does what it planned', async () => {
    const photos = await sandbox.photos('photos', 6);
    const first = await sandbox.run(sync(photos));
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ total: 6, added: 6, known: 0, done: { created: 6 } });

    await rename(path.join(photos, 'even/0000.png'), path.join(photos, 'odd/0000.png'));
    await rename(path.join(photos, 'even/0002.png'), path.join(photos, 'even/moved.png'));
    for (const name of ['even/0004.png', 'odd/0001.png', 'odd/0003.png']) {
      await rm(path.join(photos, name));
    }
    const refused = await sandbox.run(sync(photos));
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('3 of 6 photos from this folder would be removed. [sync_refused]');

    const planned = JSON.parse((await sandbox.run(sync(photos, '--dry-run'))).stdout);
    expect(planned).toMatchObject({
      dryRun: true,
      files: {
        moved: [{ from: 'even/0002.png', to: 'even/moved.png' }],
        relabelled: [{ file: 'odd/0000.png', from: 'even', to: 'odd' }],
        removed: ['even/0004.png', 'odd/0001.png', 'odd/0003.png'],
      },
    });
    const done = JSON.parse((await sandbox.run(sync(photos, '--yes'))).stdout);
    expect(done.files).toEqual(planned.files);
    expect(done.done).toEqual({ created: 0, updated: 2, removed: 3 });
    const again = JSON.parse((await sandbox.run(sync(photos))).stdout);
    expect(again).toMatchObject({ added: 0, moved: 0, relabelled: 0, removed: 0, known: 3 });
  });

  it('takes only one folder', async () => {
    const { code, stderr } = await sandbox.run(sync('a', 'b'));
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exactly one folder'),
    });
  });

  it('with --watch follows a folder through a restart of the server', async () => {
    const photos = await sandbox.photos('photos', 4);
    const server = await sandbox.serve();
    const { child, ended } = sandbox.start(['index', photos, '-c', 'mine', '--watch']);
    let heard = '';
    child.stderr!.on('data', (chunk) => {
      heard += chunk;
    });
    await until(() => heard.includes('Watching') || child.exitCode !== null);
    expect(heard).toContain('4 added');

    await server.stop();
    await writeFile(path.join(photos, 'odd', 'new.png'), await readFile(CAT));
    await rm(path.join(photos, 'odd', '0001.png'));
    await until(() => heard.includes('The server does not answer') || child.exitCode !== null);
    const { url } = await sandbox.serve();
    await until(() => heard.includes('1 added, 1 removed') || child.exitCode !== null);
    const { items } = await new PawdexClient({ baseUrl: url }).listItems('mine', { limit: 100 });
    expect(items.map(({ source }) => source).sort()).toEqual([
      'even/0000.png',
      'even/0002.png',
      'odd/0003.png',
      'odd/new.png',
    ]);
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  });
});

describe('pawdex index through a server', () => {
  it('continues after a restart of the server, and stores each photo once', async () => {
    const photos = await sandbox.photos('photos', 200);
    const server = await sandbox.serve();
    const { child, ended } = sandbox.start(['index', photos, '-c', 'mine', '--json']);
    await until(() => stored(sandbox.dataDir) || child.exitCode !== null);
    await server.stop();
    const { url } = await sandbox.serve();
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('The server does not answer'),
    });
    const { created, skipped, files } = JSON.parse(stdout);
    expect(created + skipped).toBe(200);
    expect(files.added).toHaveLength(created);
    expect((await new PawdexClient({ baseUrl: url }).getCollection('mine')).count).toBe(200);
  });
});

describe('many files', () => {
  it('come from lists, folders and globs, and failures set the exit code', async () => {
    const photos = await sandbox.photos('photos', 4);
    const list = path.join(sandbox.root, 'list');
    await writeFile(
      list,
      [path.join(photos, 'even/0000.png'), 'gone.jpg', path.join(photos, 'odd')].join('\0'),
    );
    const listed = await sandbox.run(['embed', '--files-from', list]);
    expect(listed.code).toBe(1);
    expect(listed.stderr).toContain('1 of 4 images failed.');
    const lines = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ file, error }) => [path.basename(file), error?.code])).toEqual([
      ['0000.png', undefined],
      ['gone.jpg', 'file_unreadable'],
      ['0001.png', undefined],
      ['0003.png', undefined],
    ]);
    const matched = await sandbox.run(['embed', path.join(photos, '**/*[02].png')]);
    expect(matched.stdout.trim().split('\n')).toHaveLength(2);
    const none = await sandbox.run(['embed', path.join(photos, '*.tif')]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('No photo matches') });
  });
});
