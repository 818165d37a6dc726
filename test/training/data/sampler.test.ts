import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawLabelBatches, drawPlainBatches, planRun } from '../../../src/training/data/sampler.js';

/** Photos per label -> label of each photo, labels interleaved as a folder never has them. */
function labelsOf(counts: number[]): Int32Array {
  const labels = counts.flatMap((count, label) => Array.from({ length: count }, () => label));
  return Int32Array.from(labels.map((_, i) => labels[(i * 7919) % labels.length]!));
}

/** Sets with enough labels for a batch. */
const cases = fc
  .record({
    labelsPerBatch: fc.integer({ min: 1, max: 8 }),
    photosPerLabel: fc.integer({ min: 1, max: 6 }),
    counts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 8, maxLength: 20 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    epoch: fc.integer({ min: 0, max: 50 }),
  })
  // The interleaving above visits each photo once only when the count does not divide 7919, which is prime.
  .filter(({ counts }) => counts.reduce((sum, count) => sum + count, 0) < 7919);

const countOf = (photos: readonly number[]) => {
  const counts = new Map<number, number>();
  for (const photo of photos) {
    counts.set(photo, (counts.get(photo) ?? 0) + 1);
  }
  return counts;
};

describe('drawLabelBatches', () => {
  it('makes batches of P distinct labels with K photos each, without repeats if there are K', () => {
    fc.assert(
      fc.property(cases, ({ counts, ...options }) => {
        const labels = labelsOf(counts);
        const sizes = countOf([...labels]);
        const { labelsPerBatch, photosPerLabel } = options;
        for (const batch of drawLabelBatches(labels, options)) {
          const groups = Array.from({ length: labelsPerBatch }, (_, i) =>
            batch.slice(i * photosPerLabel, (i + 1) * photosPerLabel),
          );
          const of = groups.map(([photo]) => labels[photo!]!);
          const expected = of.map((label) => ({
            labels: Array(photosPerLabel).fill(label),
            distinct: Math.min(sizes.get(label)!, photosPerLabel),
          }));
          const found = groups.map((group) => ({
            labels: group.map((photo) => labels[photo]!),
            distinct: new Set(group).size,
          }));
          expect(found).toEqual(expected);
          expect([batch.length, new Set(of).size]).toEqual([labelsPerBatch * photosPerLabel, labelsPerBatch]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('shows every photo, and those of one label equally often, plus or minus one', () => {
    fc.assert(
      fc.property(cases, ({ counts, ...options }) => {
        const labels = labelsOf(counts);
        const shown = countOf(drawLabelBatches(labels, options).flat());
        expect(shown.size).toBe(labels.length);
        const range = new Map<number, [number, number]>();
        for (const [photo, times] of shown) {
          const [low, high] = range.get(labels[photo]!) ?? [times, times];
          range.set(labels[photo]!, [Math.min(low, times), Math.max(high, times)]);
        }
        // What is held back from a draw, so that it has no repeats, may leave a photo one turn behind.
        for (const [low, high] of range.values()) {
          expect(high - low).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it('is as long as the photos or the largest class require', () => {
    const even = drawLabelBatches(labelsOf(Array(20).fill(40)), {
      labelsPerBatch: 10,
      photosPerLabel: 4,
      seed: 1,
      epoch: 0,
    });
    expect(even).toHaveLength(20);
    const skewed = drawLabelBatches(labelsOf([100, 4, 4]), {
      labelsPerBatch: 2,
      photosPerLabel: 4,
      seed: 1,
      epoch: 0,
    });
    expect(skewed).toHaveLength(25);
  });

  it('is determined by seed and epoch', () => {
    const labels = labelsOf(Array(12).fill(9));
    const of = (seed: number, epoch: number) =>
      drawLabelBatches(labels, { labelsPerBatch: 4, photosPerLabel: 2, seed, epoch });
    expect(of(5, 3)).toEqual(of(5, 3));
    expect(of(5, 3)).not.toEqual(of(5, 4));
    expect(of(5, 3)).not.toEqual(of(6, 3));
    expect(of(5, 3)).toHaveLength(of(6, 4).length);
  });

  it('combines every two labels within an epoch', () => {
    const labels = labelsOf(Array(12).fill(40));
    const pairs = new Set<string>();
    for (const batch of drawLabelBatches(labels, {
      labelsPerBatch: 6,
      photosPerLabel: 2,
      seed: 1,
      epoch: 0,
    })) {
      const present = [...new Set(batch.map((photo) => labels[photo]!))].sort((a, b) => a - b);
      for (const a of present) {
        for (const b of present) {
          if (a < b) {
            pairs.add(`${a} ${b}`);
          }
        }
      }
    }
    expect(pairs.size).toBe((12 * 11) / 2);
  });

  it('refuses more labels than there are', () => {
    expect(() =>
      drawLabelBatches(labelsOf([5, 5]), { labelsPerBatch: 3, photosPerLabel: 2, seed: 1, epoch: 0 }),
    ).toThrowError(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining('needs 3 labels, but the photos have 2'),
      }),
    );
  });
});

describe('drawPlainBatches', () => {
  it('shows all photos once, and fills up the last batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 140 }),
        fc.integer(),
        (size, more, seed) => {
          const photos = size + more;
          const batches = drawPlainBatches(photos, { size, seed, epoch: 1 });
          expect(batches).toHaveLength(Math.ceil(photos / size));
          for (const batch of batches) {
            expect(new Set(batch).size).toBe(size);
          }
          expect(new Set(batches.flat()).size).toBe(photos);
        },
      ),
    );
  });

  it('refuses a batch larger than the set', () => {
    expect(() => drawPlainBatches(3, { size: 4, seed: 1, epoch: 0 })).toThrowError(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });
});

describe('planRun', () => {
  const batchesOf = (epoch: number) => drawPlainBatches(10, { size: 4, seed: 7, epoch });

  it('resumes in the middle without a difference', () => {
    const whole = [...planRun(batchesOf, 3)];
    expect(whole.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const first of [1, 4, 8, 9]) {
      expect([...planRun(batchesOf, 3, first)]).toEqual(whole.slice(first));
    }
  });

  it('counts the repeats of a photo within its epoch', () => {
    for (const epoch of [0, 1, 2]) {
      const ofEpoch = [...planRun(batchesOf, 3)].filter((batch) => batch.epoch === epoch);
      const turns = ofEpoch.flatMap(({ photos, turns }) => photos.map((photo, i) => `${photo}:${turns[i]}`));
      expect(new Set(turns).size).toBe(12);
      expect(turns.filter((turn) => turn.endsWith(':0'))).toHaveLength(10);
      expect(turns.filter((turn) => turn.endsWith(':1'))).toHaveLength(2);
    }
  });
});
