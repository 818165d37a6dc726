import { expect, it } from 'vitest';
import { findDuplicates } from '../../src/engine/find-duplicates.js';
import type { EngineParts } from '../../src/engine/spaces.js';

it('waits for a graph that is being built before it compares a page', async () => {
  const kinds = ['building', 'building', 'hnsw'];
  let asked: string | undefined;
  const store = {
    getCollection: async () => ({ count: 1, index: { kind: kinds[0], indexed: 3 - kinds.length } }),
    list: async () => ({ items: [], next: null }),
    searchMany: async () => {
      asked = kinds[0];
      return [];
    },
  };
  const looked = store.getCollection;
  store.getCollection = async () => {
    const info = await looked();
    if (kinds.length > 1) {
      kinds.shift();
    }
    return info;
  };
  const spaces = { require: async () => ({ room: {} }), forget() {} };
  const parts = { store, spaces, encoder: { info: { fingerprint: 'f' } } } as unknown as EngineParts;
  const page = await findDuplicates(parts, 'mine', { threshold: 0.9, limit: 10 });
  expect(page).toEqual({ pairs: [], scanned: 0, next: null });
  expect(asked).toBe('hnsw');
});
