import { expect, it } from 'vitest';
import type { Encoders } from '../../src/engine/encoders.js';
import { Spaces } from '../../src/engine/spaces.js';
import type { Store } from '../../src/store/store.js';

it('reads a space again that changed while it was being read', async () => {
  let originals = 'off';
  const reads: (() => void)[] = [];
  const store = {
    async getCollection() {
      const info = { name: 'mine', fingerprint: 'f', originals };
      await new Promise<void>((resolve) => reads.push(resolve));
      return info;
    },
  };
  const encoders = { find: async () => ({}) };
  const spaces = new Spaces(store as unknown as Store, encoders as unknown as Encoders);
  const before = spaces.require('mine');
  originals = 'full';
  spaces.forget();
  reads.shift()!();
  expect((await before).originals).toBe('off');
  const after = spaces.require('mine');
  await new Promise(setImmediate);
  reads.shift()?.();
  expect((await after).originals).toBe('full');
  // From now on it is kept.
  expect((await spaces.require('mine')).originals).toBe('full');
});
