import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it, vi } from 'vitest';
import { FolderChanges } from '../../src/indexing/sync/folder-changes.js';

afterEach(() => vi.restoreAllMocks());

it('watches a folder again that was moved away and came back', async () => {
  const parent = await mkdtemp(path.join(tmpdir(), 'pawdex-watched-'));
  const [root, away] = [path.join(parent, 'photos'), path.join(parent, 'away')];
  await mkdir(root);
  const errors: Error[] = [];
  const changes = await FolderChanges.watch(root, (error) => errors.push(error));
  const { signal } = new AbortController();
  const waitForChange = async () => {
    const started = performance.now();
    await changes.wait(60_000, signal);
    return performance.now() - started < 50_000;
  };
  await rename(root, away);
  // Another folder in its place, as on an unmounted drive, until it is back.
  await mkdir(root);
  expect(await waitForChange()).toBe(true);
  await rm(root, { recursive: true });
  await rename(away, root);
  expect(await waitForChange()).toBe(true);
  await writeFile(path.join(root, 'new.jpg'), 'x');
  expect(await waitForChange()).toBe(true);
  expect(errors).toEqual([]);
  await changes.close();
  await rm(parent, { recursive: true });
});

it('ends a wait for changes although the clock is set back meanwhile', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'pawdex-clock-'));
  const changes = await FolderChanges.watch(dir, () => {});
  let now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => {
    now -= 3_600_000;
    return now;
  });
  const { signal } = new AbortController();
  await changes.wait(50, signal);
  await changes.close();
  await rm(dir, { recursive: true });
});

it('ends a wait without changes although memory is collected meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const dir = await mkdtemp(path.join(tmpdir(), 'pawdex-collected-'));
  const changes = await FolderChanges.watch(dir, () => {});
  const collecting = setInterval(collect, 50);
  const { signal } = new AbortController();
  await changes.wait(500, signal);
  clearInterval(collecting);
  await changes.close();
  await rm(dir, { recursive: true });
});
