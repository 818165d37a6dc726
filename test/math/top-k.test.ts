import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopK } from '../../src/math/top-k.js';

describe('TopK', () => {
  it('keeps the same as sorting would, with ties by id', () => {
    const scores = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 12 }), (all, k) => {
        const top = new TopK(k);
        for (const [id, score] of all.entries()) {
          if (score > top.threshold) {
            top.push(id, score);
          }
        }
        const sorted = all
          .map((score, id) => ({ id, score }))
          .sort((a, b) => b.score - a.score || a.id - b.id);
        expect(top.rank()).toEqual(sorted.slice(0, k));
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
