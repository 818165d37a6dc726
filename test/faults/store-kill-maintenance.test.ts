/** A kill while a store gives space back, or moves to another embedding space, loses nothing and mixes nothing. */
import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { CHILD, countWhole, FAULT_DIMENSION, faultItem, start } from './store-processes.js';

const [KEPT, DELETED] = [3000, 3000];
const KILLS = Number(process.env.KILLS ?? 3);
let root: string;
let sparse: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-kill-maintenance-'));
  sparse = path.join(root, 'sparse');
  const store = await openEmbeddedStore({ dataDir: sparse, graphLibrary: 'none' });
  await store.createCollection({ name: 'pets', dimension: FAULT_DIMENSION, fingerprint: 'f', model: 'm' });
  const items = Array.from({ length: KEPT + DELETED }, (_, n) => faultItem(n));
  await store.put('pets', items);
  await store.deleteItems('pets', { ids: items.slice(KEPT).map(({ id }) => id) });
  await store.close();
});
afterAll(() => rm(root, { recursive: true }));

it(
  'a kill during compaction loses nothing, and compaction can be repeated',
  async () => {
    const sizeBefore = (await stat(path.join(sparse, 'pawdex.db'))).size;
    for (let kill = 0; kill < KILLS; kill++) {
      const dataDir = await mkdtemp(path.join(root, 'compacted-'));
      await cp(sparse, dataDir, { recursive: true });
      const child = start(process.execPath, [CHILD, 'compact', dataDir]);
      await child.line((line) => line === 'compacting');
      await sleep(7 * kill);
      await child.kill();
      expect(await countWhole(dataDir)).toBe(KEPT);
      const again = start(process.execPath, [CHILD, 'compact', dataDir]);
      await again.line((line) => line === 'compacting' && again.lines.length > 1);
      await again.kill();
      expect(await countWhole(dataDir)).toBe(KEPT);
      expect((await stat(path.join(dataDir, 'pawdex.db'))).size).toBeLessThan(sizeBefore);
    }
  },
  60_000 * (KILLS + 1),
);

/** Whether all vectors are of the old space, or all of the new one; the rest of each item must be what was put. */
async function readSpace(dataDir: string): Promise<string> {
  const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
  const { fingerprint } = await store.getCollection('pets');
  let n = 0;
  for await (const { vector, createdAt: _, hasThumbnail: __, ...plain } of store.iterate('pets')) {
    const { vector: old, thumbnail: ___, ...item } = faultItem(n);
    const moved = old.map((_, i) => Math.cos((n + 1) * (i + 1) * 0.37));
    expect(plain).toEqual(item);
    expect(vector).toEqual(fingerprint === 'f' ? old : moved);
    n++;
  }
  expect(n).toBe(KEPT);
  await store.close();
  return fingerprint;
}

/** Vectors that a child said it stored: `stored 40`. */
function countStored(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + (line.startsWith('stored ') ? Number(line.slice(7)) : 0), 0);
}

it(
  'a kill during re-embedding keeps the new vectors, and swaps all or none',
  async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const dataDir = await mkdtemp(path.join(root, 'moved-'));
      await cp(sparse, dataDir, { recursive: true });
      const child = start(process.execPath, [CHILD, 'reembed', dataDir]);
      await child.line((line) => line === 'moving');
      await sleep(12 * kill);
      await child.kill();
      const stored = countStored(child.lines);
      if ((await readSpace(dataDir)) === 'f') {
        const again = start(process.execPath, [CHILD, 'reembed', dataDir]);
        expect(await again.ended).toBe(0);
        const more = countStored(again.lines);
        // Nothing is made twice; of one page the kill may have cut off the line.
        expect(stored + more).toBeLessThanOrEqual(KEPT);
        expect(stored + more).toBeGreaterThanOrEqual(KEPT - 40);
      }
      expect(await readSpace(dataDir)).toBe('g');
    }
  },
  60_000 * (KILLS + 1),
);
