import { expect, it } from 'vitest';
import type { Encoders } from '../../src/engine/encoders.js';
import { findDuplicates } from '../../src/engine/find-duplicates.js';
import { type EngineContext, Spaces } from '../../src/engine/spaces.js';
import type { Store } from '../../src/store/store.js';

it('waits for a graph that is being built before it compares a page', async () => {
  const kinds = ['building', 'building', 'hnsw'];
  let asked: string | undefined;
  const store = {
    getCollection: async () => ({ count: 1, index: { kind: kinds[0], indexed: 3 - kinds.length } }),
    listItems: async () => ({ items: [], next: null }),
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
  const encoders = { find: async () => ({ encoder: { info: { fingerprint: 'f' } } }) } as unknown as Encoders;
  const spaces = new Spaces(store as unknown as Store, encoders);
  const context = { store, spaces } as unknown as EngineContext;
  const page = await findDuplicates(context, 'mine', { threshold: 0.9, limit: 10 });
  expect(page).toEqual({ pairs: [], scanned: 0, next: null });
  expect(asked).toBe('hnsw');
});
