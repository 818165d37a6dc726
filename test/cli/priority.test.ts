import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import { CAT, Sandbox } from './sandbox.js';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.remove());

// In a user namespace of its own even root may not raise priorities, like an ordinary user.
const mayUnshare = spawnSync('unshare', ['-r', 'true'], { stdio: 'ignore' }).status === 0;

it.skipIf(!mayUnshare)('runs for an ordinary user at the lowest priority', () => {
  const main = path.join(PACKAGE_ROOT, 'dist/cli/main.js');
  const command = ['-r', 'nice', '-n', '19', process.execPath, main, 'embed', CAT, '--quiet'];
  const env = { ...process.env, PAWDEX_DATA_DIR: sandbox.dataDir, PAWDEX_GALLERY: '' };
  const { status, stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8', env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout).embedding).toHaveLength(256);
});
