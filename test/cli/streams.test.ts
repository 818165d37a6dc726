/** Files that do not end, output that nobody takes, and users who do not wait. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import { until } from '../helpers/until.js';
import { CAT, Sandbox, stored } from './sandbox.js';

const MAIN = path.join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create();
});
afterAll(() => sandbox.remove());

/** A command whose streams are in the hands of a shell. */
async function shell(script: string) {
  const env = { ...process.env, PAWDEX_DATA_DIR: sandbox.dataDir, PAWDEX_GALLERY: '' };
  const child = spawn('bash', ['-c', script, process.execPath, MAIN, CAT], {
    cwd: sandbox.root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: code as number, stdout, stderr };
}

describe('a file of unknown size', () => {
  it('is read up to the limit for an image', async () => {
    const { code, stdout } = await sandbox.run(['embed', '/dev/zero', CAT, '--max-upload-mb', '1']);
    const [first, second] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([code, first.error.code]).toEqual([1, 'payload_too_large']);
    expect(second.embedding).toHaveLength(256);
  });

  it('may be a pipe', async () => {
    const { code, stdout } = await shell('"$0" "$1" embed <(cat "$2")');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).embedding).toHaveLength(256);
  });
});

describe('output whose reader is gone', () => {
  it('does not stop the work if it is progress', async () => {
    // The reader of the notes is gone long before the first comes: that /dev/null is no image.
    const { code, stdout } = await shell('"$0" "$1" embed /dev/null "$2" 2> >(exec true)');
    expect([code, stdout.trimEnd().split('\n').length]).toEqual([1, 2]);
  });

  it.skipIf(!existsSync('/dev/full'))('is a failure if it is results', async () => {
    const { code, stderr } = await shell('"$0" "$1" embed "$2" > /dev/full');
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: The output cannot be written: ENOSPC/);
    expect(stderr).not.toContain('    at ');
  });
});

it('exits at the second Ctrl-C, even with photos in the encoder', async () => {
  const photos = await sandbox.photos('many', 600);
  const { child, ended } = sandbox.start(['index', photos, '-c', 'many']);
  await until(() => stored(sandbox.dataDir) || child.exitCode !== null);
  child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 600));
  child.kill('SIGINT');
  const { code, signal, stderr } = await ended;
  // What the shell calls 130; the photos in work may also have been done just before.
  expect(signal ?? code).toBe(code === null ? 'SIGINT' : 130);
  expect(stderr).not.toContain('terminate called');
});
