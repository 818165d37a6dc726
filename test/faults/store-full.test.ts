/** A full disk refuses puts with a code, loses nothing, and the store goes on. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import { makeFirstFormat } from '../store/first-format.js';
import { mayMount } from './may-mount.js';
import { CHILD, expectWhole, faultItem, start } from './store-processes.js';

const hasBash = spawnSync('bash', ['-c', 'ulimit -f 100']).status === 0;

describe('a full disk', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-full-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  const answers = (lines: string[], word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  it.skipIf(!mayMount)(
    'refuses puts with storage_full, answers, and accepts puts again when there is space',
    async () => {
      const script =
        'mount -t tmpfs -o size=6m tmpfs "$DIR" && head -c 2000000 /dev/zero > "$DIR/ballast" && BALLAST="$DIR/ballast" exec "$@"';
      const child = start(
        'unshare',
        ['-rm', 'sh', '-c', script, 'sh', process.execPath, CHILD, 'fill', path.join(dataDir, 'data')],
        { DIR: dataDir },
      );
      expect(await child.ended, child.lines.join('\n')).toBe(0);
      const [outcome, stored] = answers(child.lines, 'refused')[0]!.split(' ');
      expect(outcome).toBe('storage_full');
      expect(Number(stored)).toBeGreaterThan(500);
      expect(answers(child.lines, 'again')).toEqual(['storage_full']);
      expect(answers(child.lines, 'found')).toEqual(['item-3 breed-0']);
      expect(answers(child.lines, 'freed')).toEqual(['ok']);
      expect(answers(child.lines, 'count')).toEqual([stored, String(Number(stored) + 50)]);
      expect(answers(child.lines, 'reopened')).toEqual([`${Number(stored) + 50} 0`]);
    },
  );

  it.skipIf(!mayMount)('keeps the graph saved before, and leaves no partial one', async () => {
    const script = 'mount -t tmpfs -o size=28m tmpfs "$DIR" && FILLER="$DIR/filler" exec "$@"';
    const child = start(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', process.execPath, CHILD, 'fill', path.join(dataDir, 'data')],
      { DIR: dataDir },
    );
    expect(await child.ended, child.lines.join('\n')).toBe(0);
    const [outcome, stored] = answers(child.lines, 'refused')[0]!.split(' ');
    expect([outcome, Number(stored) > 4000]).toEqual(['storage_full', true]);
    expect(answers(child.lines, 'index')).not.toEqual(['exact']);
    expect(answers(child.lines, 'reopened')).toEqual([`${stored} 0`]);
    const line = (word: string) => child.lines.find((text) => text.split(' ')[0] === word)!;
    expect(line('after')).toBe(line('before').replace('before', 'after'));
  });

  it.skipIf(!mayMount)(
    'lets a database of an earlier format be read, and changed after a restart with space',
    async () => {
      const items = Array.from({ length: 500 }, (_, n) => faultItem(n));
      const store = await openEmbeddedStore({ dataDir });
      await store.createCollection({ name: 'pets', dimension: 16, fingerprint: 'f', model: 'm' });
      await store.put('pets', items);
      await store.close();
      const db = new Database(path.join(dataDir, 'pawdex.db'));
      makeFirstFormat(db);
      db.close();
      await rm(path.join(dataDir, 'ledger.json'));

      const disk = path.join(dataDir, 'disk');
      await mkdir(disk);
      const script =
        'mount -t tmpfs -o size=3m tmpfs "$DISK" && cp "$DISK"/../pawdex.db "$DISK" && exec "$@"';
      const child = start(
        'unshare',
        ['-rm', 'sh', '-c', script, 'sh', process.execPath, CHILD, 'upgrade', disk],
        {
          DISK: disk,
          FILLER: path.join(disk, 'filler'),
        },
      );
      expect(await child.ended, child.lines.join('\n')).toBe(0);
      expect(child.lines).toEqual([
        'found item-3 1',
        'changed storage_full storage_full 500',
        'freed storage_full',
        'found item-3 1',
        'changed ok ok 501',
      ]);
    },
  );

  it.skipIf(!hasBash)('or a limit on file size keeps every acknowledged item and no other', async () => {
    const child = start('bash', [
      '-c',
      'ulimit -f 3000; exec "$@"',
      'bash',
      process.execPath,
      CHILD,
      'fill',
      dataDir,
    ]);
    expect(await child.ended, child.lines.join('\n')).toBe(0);
    const [outcome, stored] = answers(child.lines, 'refused')[0]!.split(' ');
    expect(['storage_full', 'storage_failed']).toContain(outcome);
    expect(answers(child.lines, 'found')).toEqual(['item-3 breed-0']);
    expect(answers(child.lines, 'count')).toEqual([stored]);
    const store = await openEmbeddedStore({ dataDir });
    expect(await store.count('pets')).toBe(Number(stored));
    for (let n = 0; n < Number(stored); n += 97) {
      await expectWhole(store, n);
    }
    await expectWhole(store, Number(stored) - 1);
    await store.close();
  });
});
