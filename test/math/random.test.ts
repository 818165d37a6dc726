import { describe, expect, it } from 'vitest';
import { createRandom, mixSeed, shuffle } from '../../src/math/random.js';

describe('mixSeed', () => {
  it('is MurmurHash3', () => {
    expect(mixSeed()).toBe(0);
    expect(mixSeed(0)).toBe(0x2362f9de);
    expect(mixSeed(0x87654321)).toBe(0xf55b516b);
  });

  it('gives neighbours unrelated seeds', () => {
    const seeds = new Set<number>();
    for (let a = 0; a < 30; a++) {
      for (let b = 0; b < 30; b++) {
        for (let c = 0; c < 10; c++) {
          seeds.add(mixSeed(a, b, c));
        }
      }
    }
    expect(seeds.size).toBe(9000);
    const firsts = Array.from({ length: 1000 }, (_, i) => createRandom(mixSeed(1, i))());
    expect(firsts.reduce((sum, value) => sum + value, 0) / 1000).toBeCloseTo(0.5, 1);
  });
});

describe('shuffle', () => {
  it('makes every order about equally likely and leaves the original', () => {
    const items = [1, 2, 3];
    const random = createRandom(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle(items, random).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(items).toEqual([1, 2, 3]);
    expect(counts.size).toBe(6);
    for (const count of counts.values()) {
      expect(Math.abs(count - 1000)).toBeLessThan(150);
    }
  });
});
