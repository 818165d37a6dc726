import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFolder } from '../../src/files/create-folder.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-folder-'));
});
afterEach(() => rm(root, { recursive: true }));

it('creates a folder with its parents, and leaves an existing one alone', async () => {
  const folder = path.join(root, 'a', 'b', 'c');
  createFolder(folder, 0o700);
  createFolder(folder, 0o755);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

it.skipIf(!existsSync('/proc/self'))('fails immediately where the system cannot create folders', () => {
  // In a process of its own, since nothing can end a call that never returns.
  const module = pathToFileURL(path.resolve('dist/files/create-folder.js')).href;
  const script = `const { createFolder } = await import(${JSON.stringify(module)}); createFolder('/proc/pawdex/data');`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  expect(stderr).toContain('ENOENT');
  expect(status).toBe(1);
});
