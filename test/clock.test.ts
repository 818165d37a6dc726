/** The clock of a machine can be set back. Waits and measured times must not depend on it. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { PACKAGE_ROOT } from '../src/config.js';
import { FolderChanges } from '../src/indexing/sync/folder-changes.js';

afterEach(() => vi.restoreAllMocks());

it('a wait for changes ends although the clock is set back meanwhile', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'pawdex-clock-'));
  const changes = await FolderChanges.watch(dir, () => {});
  let now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => {
    now -= 3_600_000;
    return now;
  });
  await changes.wait(50, AbortSignal.timeout(5_000));
  const { signal } = new AbortController();
  await changes.wait(50, signal);
  await changes.close();
  await rm(dir, { recursive: true });
});

/** These compare times with those of files, of other machines and of earlier runs. */
const COMPARE_DATES = [
  'client/api-error.ts',
  'engine/snapshot-schedule.ts',
  'http/shares.ts',
  'http/tickets.ts',
  'indexing/sync/hash-cache.ts',
  'store/embedded/sqlite/snapshot-folder.ts',
];

it('nothing else reads the clock to measure time', () => {
  const src = path.join(PACKAGE_ROOT, 'src');
  const readers = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('web/'))
    .filter((file) => /Date\.now\(\)/.test(readFileSync(path.join(src, file), 'utf8')));
  expect(readers.sort()).toEqual(COMPARE_DATES);
});
