/** What the store's thread answers when its tables do not agree. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ITEM_WRITES, PACKED_READS } from '../../src/store/embedded/item-calls.js';
import { StoreCore } from '../../src/store/embedded/store-core.js';
import { item } from './items.js';

it('refuses a page with an item whose vector is missing, rather than leave the item out', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-calls-'));
  const core = new StoreCore({
    dataDir,
    graphLibrary: 'a-module-that-is-not-installed',
    acceptDamage: false,
    keepSnapshots: 1,
  });
  try {
    core.collections.create({ name: 'a', dimension: 8, fingerprint: 'f', model: 'm' });
    const items = [0, 1, 2, 3].map((n) => item(n, 8));
    await ITEM_WRITES.put(core, 'a', items);
    core.db.exec('DELETE FROM vectors WHERE seq = 2');
    await expect(PACKED_READS.page(core, 'a', { limit: 10 })).rejects.toMatchObject({ code: 'data_damaged' });
    const page = await PACKED_READS.page(core, 'a', { limit: 1 });
    expect([page.items.map(({ id }) => id), page.vectors]).toEqual([[items[0]!.id], items[0]!.vector]);
  } finally {
    await core.close();
    await rm(dataDir, { recursive: true });
  }
});
