import { describe, expect, it } from 'vitest';
import { cleanLabels } from '../../src/evaluation/clean-labels.js';
import { computeCrossFittedScores } from '../../src/evaluation/discriminant.js';
import { type EmbeddedSet, joinSets } from '../../src/evaluation/embed-set.js';
import { createNormalRandom } from '../../src/math/random.js';
import { asSet } from './reference.js';

const BREEDS = ['akita', 'beagle', 'boxer', 'corgi', 'pug', 'saluki'];
const VOTE = { k: 10, temperature: 0.05 };

/** Photos around one direction for each breed, of the sources given in turn. */
function photos(name: string, perBreed: number, sources: string[], seed: number): EmbeddedSet {
  const random = createNormalRandom(seed);
  const labels = BREEDS.flatMap((breed) => Array.from({ length: perBreed }, () => breed));
  const vectors = labels.map((label) =>
    Array.from({ length: 8 }, (_, i) => (i === BREEDS.indexOf(label) ? 5 : 0) + random()),
  );
  const set = asSet({ vectors, labels }, name);
  set.items = set.items.map((item, i) => ({ ...item, metadata: { source: sources[i % sources.length]! } }));
  return set;
}

/** The same with the first `count` photos of each breed labelled as the next one. */
function mislabelled(set: EmbeddedSet, count: number): EmbeddedSet {
  const seen = new Map<string, number>();
  const items = set.items.map((item) => {
    const place = seen.get(item.label) ?? 0;
    seen.set(item.label, place + 1);
    const next = BREEDS[(BREEDS.indexOf(item.label) + 1) % BREEDS.length]!;
    return place < count ? { ...item, label: next } : item;
  });
  return { ...set, items };
}

describe('scores of a cross-fitted classifier', () => {
  it('are highest for the true label of photos with a wrong one', () => {
    const wrong = mislabelled(photos('a', 40, ['web'], 1), 5);
    const labels = wrong.items.map(({ label }) => BREEDS.indexOf(label));
    const scores = computeCrossFittedScores({
      vectors: wrong.vectors,
      labels,
      groups: wrong.items.map(({ file }) => file),
    });
    const best = scores.map((own) => own.indexOf(Math.max(...own)));
    const truth = labels.map((_, row) => Math.floor(row / 40));
    const right = best.filter((label, row) => label === truth[row]).length;
    expect(right / truth.length).toBeGreaterThan(0.9);
  });

  it('do not let photos of one group judge each other', () => {
    const set = photos('a', 10, ['web'], 2);
    // One animal, photographed ten times, with the label of another breed: only itself would say so.
    const groups = set.items.map(({ file }, row) => (row < 10 ? 'one animal' : file));
    const labels = set.items.map((_, row) => (row < 10 ? 6 : Math.floor(row / 10)));
    const scores = computeCrossFittedScores({ vectors: set.vectors, labels, groups });
    for (let row = 0; row < 10; row++) {
      expect(scores[row]![6]).toBe(Number.NEGATIVE_INFINITY);
    }
  });

  it('are highest for the nearest mean if the photos of each label are all equal', () => {
    const labels = [0, 0, 0, 1, 1, 1];
    const { vectors } = asSet({ vectors: labels.map((n) => [n, 1 - n, 0]), labels: labels.map(String) }, 'a');
    const scores = computeCrossFittedScores({ vectors, labels, groups: ['a', 'b', 'c', 'd', 'e', 'f'] });
    expect(scores.map((own) => own.indexOf(Math.max(...own)))).toEqual(labels);
  });
});

describe('cleaning a set', () => {
  const clean = photos('trusted', 40, ['shelter'], 3);
  const noisy = mislabelled(photos('noisy', 30, ['web', 'zoo'], 4), 6);
  const truth = noisy.items.map((_, row) => BREEDS[Math.floor(row / 30)]);

  it('drops most photos with a wrong label and keeps most with a right one', () => {
    const verdicts = cleanLabels(noisy, { ...VOTE, trusted: [clean] });
    const share = (wrong: boolean) => {
      const those = verdicts.filter(({ item }, row) => (item.label !== truth[row]) === wrong);
      return those.filter(({ dropped }) => dropped !== null).length / those.length;
    };
    expect(verdicts).toHaveLength(180);
    expect(share(true)).toBeGreaterThan(0.5);
    expect(share(false)).toBeLessThan(0.1);
  });

  it("names the judge, each judge's label, and the rank of the photo's own label", () => {
    const verdicts = cleanLabels(noisy, { ...VOTE, trusted: [clean] });
    for (const { item, dropped, rank, suggested } of verdicts) {
      expect(dropped !== null).toBe(rank.classifier > 2 || rank.neighbours > 2);
      expect(suggested.classifier === item.label).toBe(rank.classifier === 1);
      if (dropped !== null && rank.classifier > 2) {
        expect(dropped).toContain('classifier');
      }
    }
  });

  it('does not let photos of one source vouch for each other', () => {
    // Ten photos of pugs from one source, all labelled corgi and nearly alike.
    const together = asSet(
      {
        vectors: Array.from({ length: 10 }, (_, i) => [0, 0, 0, 0, 3, i / 50, 0, 0]),
        labels: Array(10).fill('corgi'),
      },
      'together',
    );
    together.items = together.items.map((item) => ({ ...item, metadata: { source: 'one site' } }));
    const verdicts = cleanLabels(together, { ...VOTE, trusted: [clean] });
    expect(verdicts.map(({ dropped }) => dropped)).not.toContain(null);
    expect(verdicts.every(({ suggested }) => suggested.neighbours === 'pug')).toBe(true);
  });

  it('keeps all photos of a named label, and the best supported of one that would lose too many', () => {
    const kept = cleanLabels(noisy, { ...VOTE, trusted: [clean], keep: new Set(['corgi']) });
    expect(kept.filter(({ item, dropped }) => item.label === 'corgi' && dropped !== null)).toEqual([]);

    const restored = cleanLabels(noisy, { ...VOTE, trusted: [clean], minPerLabel: 1000 });
    expect(restored.every(({ dropped }) => dropped === null)).toBe(true);
  });
});

it('joins sets row by row', () => {
  const a = photos('a', 2, ['web'], 5);
  const b = photos('b', 3, ['web'], 6);
  const both = joinSets([a, b]);
  expect(both.vectors.rows).toBe(30);
  expect(both.items.map(({ file }) => file)).toEqual([...a.items, ...b.items].map(({ file }) => file));
  expect(Array.from(both.vectors.data)).toEqual([...a.vectors.data, ...b.vectors.data]);
});
