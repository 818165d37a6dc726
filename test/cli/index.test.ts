import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../helpers/until.js';
import { Sandbox, stored } from './sandbox.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

const index = (dir: string, ...flags: string[]) => ['index', dir, '--collection', 'mine', ...flags];

describe('pawdex index', () => {
  it('continues after a bad file, lists it, and does nothing the second time', async () => {
    const photos = await sandbox.photos('photos', 20);
    await writeFile(path.join(photos, 'odd', 'bad.jpg'), 'this is text');
    const first = await sandbox.run(index(photos, '--json'));
    expect(first.code).toBe(1);
    expect(JSON.parse(first.stdout)).toMatchObject({
      collection: 'mine',
      total: 21,
      created: 20,
      skipped: 0,
      failed: 1,
      failures: [{ file: 'odd/bad.jpg', code: 'image_unsupported' }],
    });
    expect(first.stderr).toContain('odd/bad.jpg: The file is not an image');

    const second = await sandbox.run(index(photos, '--json', '--quiet'));
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toMatchObject({ created: 0, skipped: 20, failed: 1 });
  });

  it('prints a summary on stderr and nothing on stdout', async () => {
    const { code, stdout, stderr } = await sandbox.run(index(await sandbox.photos('photos', 3)));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/Indexed 3 photos into "mine" in .*; 0 already there, 0 failed/);
  });

  it('reads labels and metadata from a manifest elsewhere', async () => {
    const photos = await sandbox.photos('photos', 3);
    const manifest = path.join(sandbox.root, 'labels.csv');
    await writeFile(manifest, 'file,breed,species\neven/0000.png,siamese,cat\nodd/0001.png,beagle,dog\n');
    const { code, stdout } = await sandbox.run(index(photos, '--manifest', manifest, '--json'));
    expect({ code, created: JSON.parse(stdout).created }).toEqual({ code: 0, created: 2 });
    const asked = await sandbox.run(['identify', path.join(photos, 'even/0000.png'), '-c', 'mine', '--json']);
    expect(JSON.parse(asked.stdout).neighbours[0]).toMatchObject({
      label: 'siamese',
      source: 'even/0000.png',
    });
  });

  it('resumes after a kill', async () => {
    const photos = await sandbox.photos('photos', 400);
    const { child, ended } = sandbox.start(index(photos));
    await until(() => stored(sandbox.dataDir) || child.exitCode !== null);
    child.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
    const { code, stdout } = await sandbox.run(index(photos, '--json', '--quiet'));
    expect(code).toBe(0);
    const { created, skipped } = JSON.parse(stdout);
    expect(created + skipped).toBe(400);
    expect(skipped).toBeGreaterThan(0);
  });

  it('finishes the current batches at Ctrl-C, says how to continue, and exits with 130', async () => {
    const photos = await sandbox.photos('photos', 400);
    const { child, ended } = sandbox.start(index(photos, '--json'));
    await until(() => stored(sandbox.dataDir) || child.exitCode !== null);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    const { done, created, interrupted } = JSON.parse(stdout);
    expect(interrupted).toBe(true);
    expect(created).toBe(done);
    expect(stderr).toContain(`${400 - done} photos left. Run the same command again to continue.`);
    const again = await sandbox.run(index(photos, '--json', '--quiet'));
    expect(JSON.parse(again.stdout)).toMatchObject({ created: 400 - created, skipped: created });
  });
});
