import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from '../../scripts/setup/lock.mjs';

let root: string;
let lock: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-lock-'));
  lock = path.join(root, 'lock');
});
afterEach(() => rm(root, { recursive: true }));

it('lets one process in at a time', async () => {
  const log = path.join(root, 'log');
  const module = fileURLToPath(new URL('../../scripts/setup/lock.mjs', import.meta.url));
  const program = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout } from 'node:timers/promises';
    const { withLock } = await import(${JSON.stringify(module)});
    await withLock(${JSON.stringify(lock)}, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in\\n');
      await setTimeout(30);
      appendFileSync(${JSON.stringify(log)}, 'out\\n');
    });`;
  const children = Array.from({ length: 5 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  expect(codes).toEqual([0, 0, 0, 0, 0]);
  expect(await readFile(log, 'utf8')).toBe('in\nout\n'.repeat(5));
});

it('is released after an error, and says once that it waits', async () => {
  await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  let waits = 0;
  const order: string[] = [];
  let second: Promise<unknown> | undefined;
  await withLock(lock, async () => {
    second = withLock(
      lock,
      async () => order.push('second'),
      () => waits++,
    );
    await new Promise((resolve) => setTimeout(resolve, 450));
    order.push('first');
  });
  await second;
  expect(order).toEqual(['first', 'second']);
  expect(waits).toBe(1);
});

it('is taken over from a holder that is gone', async () => {
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  await writeFile(lock, String(gone.pid));
  expect(await withLock(lock, async () => 'mine')).toBe('mine');
});

it('is taken over if another process has the id of its holder', async () => {
  await writeFile(lock, String(process.pid));
  const old = new Date(Date.now() - 60_000);
  await utimes(lock, old, old);
  expect(await withLock(lock, async () => 'mine')).toBe('mine');
});
