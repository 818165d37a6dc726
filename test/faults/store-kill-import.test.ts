/** A kill while a Parquet file is imported loses nothing, and another import completes it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportCollection } from '../../src/engine/export-collection.js';
import type { EngineContext } from '../../src/engine/spaces.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { CHILD, type Child, countWhole, FAULT_DIMENSION, faultItem, start } from './store-processes.js';

const ITEMS = 3000;
const KILLS = Number(process.env.KILLS ?? 4);
let root: string;
let file: string;
/** How long an import takes that nothing disturbs. */
let wholeMs: number;

const startImport = (dataDir: string) =>
  start(process.execPath, [CHILD, 'import', dataDir], { PARQUET: file });

/** Waits for the end of an import. @returns items created, there before, compared, different and failed */
async function complete(child: Child): Promise<number[]> {
  const line = await child.line((each) => each.startsWith('imported '));
  expect(await child.ended).toBe(0);
  return line.split(' ').slice(1).map(Number);
}

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-kill-import-'));
  file = path.join(root, 'pets.parquet');
  const store = await openEmbeddedStore({ dataDir: path.join(root, 'source'), graphLibrary: 'none' });
  const spec = { name: 'pets', dimension: FAULT_DIMENSION, fingerprint: 'f', model: 'm' };
  await store.createCollection({ ...spec, originals: 'full' });
  await store.put(
    'pets',
    Array.from({ length: ITEMS }, (_, n) => faultItem(n)),
  );
  await exportCollection({ store } as EngineContext, 'pets', file);
  await store.close();
  const child = startImport(path.join(root, 'undisturbed'));
  await child.line((line) => line === 'importing');
  const startedAt = performance.now();
  expect(await complete(child)).toEqual([ITEMS, 0, ITEMS, 0, 0]);
  wholeMs = performance.now() - startedAt;
}, 120_000);
afterAll(() => rm(root, { recursive: true }));

/** How many whole items there are; null before the collection is there, which has its settings from the beginning. */
async function countImported(dataDir: string): Promise<number | null> {
  const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
  const [pets] = await store.listCollections();
  await store.close();
  if (pets === undefined) {
    return null;
  }
  expect(pets.originals).toBe('full');
  return pets.count === 0 ? 0 : countWhole(dataDir);
}

it(
  'a kill during an import leaves complete items, keeps the stored ones, and the rest can be imported',
  async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const dataDir = path.join(root, `killed-${kill}`);
      const child = startImport(dataDir);
      await child.line((line) => line === 'importing');
      await sleep((wholeMs * kill) / KILLS);
      await child.kill();
      const stored = Number(child.lines.findLast((line) => line.startsWith('stored '))?.split(' ')[1] ?? 0);
      const found = (await countImported(dataDir)) ?? 0;
      expect(found).toBeGreaterThanOrEqual(stored);
      expect(await complete(startImport(dataDir))).toEqual([ITEMS - found, found, ITEMS, 0, 0]);
      expect(await countImported(dataDir)).toBe(ITEMS);
      await rm(dataDir, { recursive: true });
    }
  },
  60_000 * (KILLS + 1),
);
