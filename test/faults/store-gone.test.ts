/** A data directory that is deleted or moved away under a running store. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { item } from '../store/items.js';

it('acknowledges nothing that would be lost, and continues when the directory is back', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'pawdex-gone-'));
  const dataDir = path.join(root, 'data');
  const store = await openEmbeddedStore({ dataDir });
  try {
    await store.createCollection({ name: 'a', dimension: 8, fingerprint: 'f', model: 'm' });
    await store.put('a', [item(1, 8)]);
    await rename(dataDir, path.join(root, 'away'));
    const { id } = item(1, 8);
    const writes = [
      () => store.put('a', [item(2, 8)]),
      () => store.updateItem('a', id, { label: 'x' }),
      () => store.deleteItems('a', { ids: [id] }),
      () => store.deleteItems('a', { ids: [id] }),
      () => store.createCollection({ name: 'b', dimension: 8, fingerprint: 'f', model: 'm' }),
      () => store.updateCollection('a', { description: 'x' }),
      () => store.beginReembedding('a', { dimension: 4, fingerprint: 'g', model: 'n' }),
      () => store.createSnapshot(),
      () => store.deleteCollection('a'),
    ];
    for (const write of writes) {
      await expect(write()).rejects.toMatchObject({ code: 'storage_failed' });
    }
    expect((await store.getItem('a', id)).label).toBe('breed-1');
    await rename(path.join(root, 'away'), dataDir);
    await expect(store.put('a', [item(2, 8)])).resolves.toMatchObject([{ status: 'created' }]);
  } finally {
    await store.close();
    await rm(root, { recursive: true });
  }
});
