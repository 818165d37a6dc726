import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identifyBreed } from '../../src/breeds/identify-breed.js';
import { vote } from '../../src/breeds/vote.js';

const near = (label: string | null, similarity: number) => ({ label, similarity });

describe('vote', () => {
  it('weighs by exp(similarity / temperature)', () => {
    const [first, second] = vote([near('siamese', 0.8), near('birman', 0.7)], 0.1);
    expect(first?.label).toBe('siamese');
    expect(first?.confidence).toBeCloseTo(Math.E / (Math.E + 1), 12);
    expect(second?.confidence).toBeCloseTo(1 / (Math.E + 1), 12);
  });

  it('lets many weak votes beat one strong vote only at a high temperature', () => {
    const voters = [near('pug', 0.9), near('boxer', 0.7), near('boxer', 0.7), near('boxer', 0.7)];
    expect(vote(voters, 0.05)[0]?.label).toBe('pug');
    expect(vote(voters, 1)[0]?.label).toBe('boxer');
  });

  it('ignores neighbours without a label, however near', () => {
    expect(vote([near(null, 1), near('pug', 0.2)], 0.01)).toEqual([{ label: 'pug', confidence: 1 }]);
  });

  it('breaks ties by name, whatever the order of neighbours', () => {
    const voters = [near('b', 0.5), near('a', 0.5)];
    expect(vote(voters, 0.1).map((c) => c.label)).toEqual(['a', 'b']);
    expect(vote(voters.reverse(), 0.1).map((c) => c.label)).toEqual(['a', 'b']);
  });

  it('counts the votes for a label with its weight', () => {
    const voters = [near('bengal', 0.8), near('domestic_cat', 0.79)];
    expect(vote(voters, 0.05)[0]?.label).toBe('bengal');
    const [first, second] = vote(voters, 0.05, { domestic_cat: 2 });
    expect(first?.label).toBe('domestic_cat');
    expect(first!.confidence / second!.confidence).toBeCloseTo(2 * Math.exp(-0.01 / 0.05), 9);
  });

  it('gives shares that sum to 1, sorted, for any similarities and temperature', () => {
    const voters = fc.array(
      fc.record({
        label: fc.constantFrom('a', 'b', 'c', 'd'),
        similarity: fc.double({ min: -1, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 50 },
    );
    fc.assert(
      fc.property(voters, fc.double({ min: 1e-4, max: 100, noNaN: true }), (neighbours, temperature) => {
        const shares = vote(neighbours, temperature).map((c) => c.confidence);
        expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        expect(shares).toEqual([...shares].sort((a, b) => b - a));
      }),
    );
  });
});

describe('answer without calibration', () => {
  it('is unknown for an empty collection and for one without labels', () => {
    const nothing = {
      decision: 'unknown',
      breed: null,
      confidence: 0,
      calibrated: false,
      basis: 'vote',
      known: null,
      candidates: [],
    };
    expect(identifyBreed([], { temperature: 0.1 })).toEqual(nothing);
    expect(identifyBreed([near(null, 0.9)], { temperature: 0.1 })).toEqual(nothing);
  });

  it('is a match with a majority and ambiguous without one', () => {
    const clear = identifyBreed([near('pug', 0.9), near('pug', 0.9), near('boxer', 0.9)], {
      temperature: 0.1,
    });
    expect(clear).toMatchObject({ decision: 'match', breed: 'pug', calibrated: false });
    expect(clear.confidence).toBeCloseTo(2 / 3, 12);
    const torn = identifyBreed([near('pug', 0.9), near('boxer', 0.9)], { temperature: 0.1 });
    expect(torn).toMatchObject({ decision: 'ambiguous', breed: 'boxer', confidence: 0.5 });
    expect(torn.candidates).toHaveLength(2);
  });

  it('tallies the neighbours of every candidate: how many, the nearest, and shares that add up', () => {
    const voters = [near('pug', 0.9), near('boxer', 0.85), near(null, 0.84), near('pug', 0.8)];
    const { candidates } = identifyBreed(voters, { temperature: 0.1 });
    expect(candidates.map(({ label, count, similarity }) => [label, count, similarity])).toEqual([
      ['pug', 2, 0.9],
      ['boxer', 1, 0.85],
    ]);
    expect(candidates.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });
});

describe("answer from the encoder's general statistics", () => {
  const { answer: statistics } = JSON.parse(
    readFileSync(new URL('../../models/similarity.json', import.meta.url), 'utf8'),
  );
  const ask = (labels: string[]) =>
    identifyBreed(
      labels.map((label) => near(label, 1)),
      { temperature: 0.03, statistics },
    );

  it('is ambiguous if equal pictures have several labels', () => {
    const { decision, confidence, candidates } = ask(['one', 'two', 'three']);
    expect(decision).toBe('ambiguous');
    expect(confidence).toBeCloseTo(1 / 3, 9);
    expect(candidates.map((candidate) => candidate.confidence)).toEqual([confidence, confidence, confidence]);
  });

  it('is a match if they have one', () => {
    expect(ask(['one', 'one', 'one'])).toMatchObject({ decision: 'match', breed: 'one' });
  });
});
