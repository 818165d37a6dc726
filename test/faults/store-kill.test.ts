/** A store whose process is killed loses nothing that was acknowledged and keeps nothing half. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { graphBuilt } from '../store/search-contract.js';
import { acknowledged, expectWhole, faultItem, startChild } from './store-processes.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a store whose process is killed', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-kill-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  it('keeps what was acknowledged, and no partial put', async () => {
    let from = 0;
    const acked: [number, number][] = [];
    for (const delay of [0, 7, 30, 80, 150]) {
      const child = startChild('puts', dataDir, from);
      await child.line((line) => line.startsWith('put'));
      await pause(delay);
      await child.kill();
      acked.push(...acknowledged(child));

      const store = await openEmbeddedStore({ dataDir });
      const present = new Set<number>();
      for await (const item of store.iterate('pets')) {
        const n = Number(item.id.slice('item-'.length));
        present.add(n);
        expect(item.vector).toEqual(faultItem(n).vector);
      }
      for (const [first, count] of acked) {
        for (let n = first; n < first + count; n++) {
          expect(present.has(n), `item ${n}`).toBe(true);
        }
        await expectWhole(store, first);
      }
      // Puts that were under way: 1 + first % 20 items from `first`, all of them or none.
      for (let first = from; first <= Math.max(...present); first += 1 + (first % 20)) {
        const wanted = Array.from({ length: 1 + (first % 20) }, (_, i) => present.has(first + i));
        expect(new Set(wanted).size, `the put of item ${first}`).toBe(1);
      }
      const last = Math.max(...present);
      expect(await store.count('pets')).toBe(present.size);
      const hits = await store.search('pets', faultItem(last).vector, { k: 1 });
      expect(hits[0]!.item.id).toBe(`item-${last}`);
      expect((await store.stats()).notices).toEqual([]);
      await store.close();
      from = last + 1000;
    }
    expect(acked.length).toBeGreaterThan(20);
  });

  it('keeps the items and finds them, even if it was saving the graph', async () => {
    let from = 0;
    for (const delay of [0, 4, 10, 20, 40]) {
      const child = startChild('snapshots', dataDir, from);
      await child.line((line) => line === 'closing');
      await pause(delay);
      await child.kill();
      const total = Math.max(...acknowledged(child).map(([first, count]) => first + count));

      const store = await openEmbeddedStore({ dataDir });
      // A put that was under way when the process died may be there as well, unacknowledged.
      expect([total, total + 1000]).toContain(await store.count('pets'));
      await expectWhole(store, total - 1);
      await graphBuilt(store, 'pets');
      expect((await store.stats()).notices).toEqual([]);
      const queries = Array.from({ length: 50 }, (_, i) => faultItem(total - 1 - i * 90).vector);
      const found = await store.searchMany('pets', queries, { k: 10 });
      const exact = await store.searchMany('pets', queries, { k: 10, exact: true });
      const same = found.flatMap((hits, i) =>
        hits.map((hit) => exact[i]!.some((other) => Math.abs(other.similarity - hit.similarity) < 1e-6)),
      );
      expect(same.filter(Boolean).length / same.length).toBeGreaterThan(0.95);
      from = (await store.count('pets')) - 4000;
      await store.close();
      const files = await readdir(path.join(dataDir, 'graphs'));
      expect(files.map((name) => path.extname(name)).sort()).toEqual(['.hnsw', '.json']);
    }
  });

  it('frees its data directory', async () => {
    const child = startChild('hold', dataDir);
    await child.line((line) => line === 'open');
    await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({ code: 'data_dir_locked' });
    await child.kill();
    const store = await openEmbeddedStore({ dataDir });
    expect(await store.count('pets')).toBe(0);
    await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({ code: 'data_dir_locked' });
    await store.close();
    await (await openEmbeddedStore({ dataDir })).close();
  });
});
