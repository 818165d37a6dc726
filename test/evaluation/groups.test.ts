import { describe, expect, it } from 'vitest';
import { collectCalibrationData } from '../../scripts/evaluation/lib/calibration-data.mjs';
import { evaluate, evaluateBy } from '../../src/evaluation/evaluate.js';
import { countOverlap, runQueries } from '../../src/evaluation/run-queries.js';
import { asSet } from './reference.js';

/** Two pugs in the gallery, the nearer of them another photo of the animal that is asked about. */
const gallery = asSet(
  {
    vectors: [
      [1, 0.02, 0],
      [0.9, 0.3, 0.3],
      [0.95, 0.2, 0],
    ],
    labels: ['pug', 'pug', 'boxer'],
  },
  'gallery',
);
const query = asSet(
  {
    vectors: [
      [1, 0, 0],
      [0, 1, 0],
    ],
    labels: ['pug', 'boxer'],
  },
  'query',
);
const named = (set: typeof gallery, metadata: Record<string, string>[]) => ({
  ...set,
  items: set.items.map((item, i) => ({ ...item, metadata: metadata[i]! })),
});
const OF_ONE_ANIMAL = { source: 'shelter', group: '17' };
const asking = { k: 1, answering: { temperature: 0.1 }, leaveOneOut: false };

describe('the group of a photo', () => {
  it('keeps other photos of one animal from being found', () => {
    const apart = runQueries({
      ...asking,
      gallery: named(gallery, [OF_ONE_ANIMAL, {}, {}]),
      queries: named(query, [OF_ONE_ANIMAL, {}]),
    });
    expect(apart[0]!.answer.breed).toBe('boxer');
    expect(apart.map(({ excludedCount }) => excludedCount)).toEqual([1, 0]);
    expect(evaluate(apart).keptApart).toBe(1);

    const together = runQueries({ ...asking, gallery, queries: query });
    expect(together[0]!.answer.breed).toBe('pug');
  });

  it('is that of its source, and none if that is empty', () => {
    for (const other of [
      { source: 'breeder', group: '17' },
      { source: 'shelter', group: '' },
    ]) {
      const outcomes = runQueries({
        ...asking,
        gallery: named(gallery, [other, {}, {}]),
        queries: named(query, [{ ...OF_ONE_ANIMAL, group: other.group }, {}]),
      });
      expect(outcomes[0]!.answer.breed).toBe('pug');
    }
  });

  it('is also excluded when fitting a calibration', () => {
    const { queries } = collectCalibrationData(
      {
        gallery: named(gallery, [OF_ONE_ANIMAL, {}, {}]),
        queries: named(query, [OF_ONE_ANIMAL, {}]),
        weights: [0.5, 1],
        heldOut: [true, false],
      },
      { fingerprint: 'f', k: 2, temperature: 0.1 },
    );
    expect(queries[0]).toMatchObject({ weight: 0.5 });
    expect(queries[0]!.neighbours.map(({ label }) => label)).toEqual(['boxer', 'pug']);
  });
});

it('splits all figures by a column of the queries', () => {
  const outcomes = runQueries({
    ...asking,
    gallery,
    queries: named(query, [{ source: 'web' }, { source: 'zoo' }]),
  });
  const parts = evaluateBy(outcomes, 'source');
  expect(Object.keys(parts)).toEqual(['web', 'zoo']);
  expect(parts.web).toMatchObject({ n: 1, top1: 1 });
  expect(parts.zoo).toMatchObject({ n: 1, top1: evaluate(outcomes.slice(1)).top1 });
  expect(Object.keys(evaluateBy(outcomes, 'label'))).toEqual(['boxer', 'pug']);
});

it('also counts the vote among only the labels of the queries', () => {
  const vectors = [
    [1, 0, 0],
    [0.99, 0.1, 0],
    [0, 1, 0],
  ];
  const wide = asSet({ vectors, labels: ['manx', 'pug', 'boxer'] }, 'wide');
  const asked = asSet(
    {
      vectors: [
        [1, 0, 0],
        [0, 1, 0],
      ],
      labels: ['pug', 'boxer'],
    },
    'asked',
  );
  const { top1, amongAsked } = evaluate(runQueries({ ...asking, k: 3, gallery: wide, queries: asked }));
  expect(top1).toBe(0.5);
  expect(amongAsked).toEqual({ top1: 1, perLabel: { boxer: 1, pug: 1 } });
});

it('counts queries that are in the gallery, and near-duplicates of its pictures', () => {
  expect(countOverlap(gallery, gallery)).toEqual({ same: 3, nearly: 0 });
  expect(countOverlap(gallery, query)).toEqual({ same: 0, nearly: 1 });
});
