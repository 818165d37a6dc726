/** A kill while a snapshot is written or restored, a format changed or a damaged database replaced loses nothing. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { snapshotDirectory, verifySnapshot } from '../../src/store/embedded/sqlite/database-snapshot.js';
import Database from '../../src/store/embedded/sqlite/sqlite.js';
import { makeFirstFormat } from '../store/first-format.js';
import {
  acknowledged,
  CHILD,
  countWhole,
  FAULT_DIMENSION,
  faultItem,
  start,
  startChild,
} from './store-processes.js';

const ITEMS = 6000;
const KILLS = Number(process.env.KILLS ?? 4);
let root: string;
let sound: string;
let snapshot: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-kill-backup-'));
  sound = path.join(root, 'sound');
  snapshot = path.join(root, 'pets.pawdex');
  const store = await openEmbeddedStore({ dataDir: sound, graphLibrary: 'none' });
  await store.createCollection({ name: 'pets', dimension: FAULT_DIMENSION, fingerprint: 'f', model: 'm' });
  await store.put(
    'pets',
    Array.from({ length: ITEMS }, (_, n) => faultItem(n)),
  );
  await store.close();
  snapshotDirectory(sound, snapshot);
});
afterAll(() => rm(root, { recursive: true }));

/** Runs a task in a process and kills it some milliseconds after it has begun, or lets it finish when it is faster. */
async function killed(task: string, dataDir: string, afterMs: number, env = {}): Promise<void> {
  const child = start(process.execPath, [CHILD, task, dataDir], env);
  await child.line((line) => line.endsWith('ing'));
  await sleep(afterMs);
  await child.kill();
}

describe('a kill', () => {
  it(
    'while snapshots are written leaves complete snapshots, and everything acknowledged in the store',
    async () => {
      const dataDir = path.join(root, 'backups');
      let next = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const child = startChild('backups', dataDir, next);
        await child.line((line) => line.startsWith('kept '));
        await sleep(40 * kill);
        await child.kill();
        const puts = acknowledged(child);
        next = Math.max(next, ...puts.map(([from, count]) => from + count));
        const folder = path.join(dataDir, 'snapshots');
        for (const name of (await readdir(folder)).filter((each) => each.endsWith('.pawdex'))) {
          verifySnapshot(path.join(folder, name));
        }
        expect(await countWhole(dataDir)).toBeGreaterThanOrEqual(next);
        // One put may have been stored without being acknowledged; it is put again.
      }
    },
    60_000 * (KILLS + 1),
  );

  it(
    'during a restore leaves no store that looks empty, and the restore can be repeated',
    async () => {
      const dataDir = path.join(root, 'restored');
      for (let kill = 0; kill < KILLS; kill++) {
        await rm(dataDir, { recursive: true, force: true });
        await killed('restore', dataDir, kill, { SNAPSHOT: snapshot });
        const names = await readdir(dataDir).catch(() => [] as string[]);
        if (!names.includes('pawdex.db')) {
          if (names.includes('pawdex.db.restoring')) {
            await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({ code: 'data_damaged' });
          }
          const again = start(process.execPath, [CHILD, 'restore', dataDir], { SNAPSHOT: snapshot });
          expect(await again.ended).toBe(0);
        }
        expect(await countWhole(dataDir)).toBe(ITEMS);
      }
    },
    60_000 * (KILLS + 1),
  );

  it(
    'during a migration and while values are indexed loses nothing',
    async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const dataDir = await mkdtemp(path.join(root, 'migrated-'));
        await cp(sound, dataDir, { recursive: true });
        const db = new Database(path.join(dataDir, 'pawdex.db'));
        makeFirstFormat(db);
        db.close();
        await rm(path.join(dataDir, 'ledger.json'));
        await killed('open', dataDir, 60 * kill);
        await killed('open', dataDir, 100);
        expect(await countWhole(dataDir)).toBe(ITEMS);
        const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
        expect(await store.count('pets', { metadata: { n: ITEMS - 1 } })).toBe(1);
        await store.close();
      }
    },
    60_000 * (KILLS + 1),
  );

  it(
    'while a damaged database is replaced leaves it either damaged or replaced',
    async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const dataDir = await mkdtemp(path.join(root, 'salvaged-'));
        await cp(sound, dataDir, { recursive: true });
        const file = path.join(dataDir, 'pawdex.db');
        const bytes = await readFile(file);
        bytes[bytes.indexOf(Buffer.from(faultItem(3000).vector.buffer)) + 5]! ^= 4;
        await writeFile(file, bytes);
        await killed('open', dataDir, 60 * kill, { ACCEPT_DAMAGE: 'true' });
        const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none', acceptDamage: true });
        await store.ready();
        expect(await store.count('pets')).toBe(ITEMS - 1);
        await store.close();
      }
    },
    60_000 * (KILLS + 1),
  );
});
