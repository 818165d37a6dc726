import { describe, expect, it } from 'vitest';
import { type Calibration, parseCalibration, selectCalibration } from '../../src/breeds/calibration.js';
import { type AnsweredQuery, fitCalibration, MIN_QUERIES } from '../../src/breeds/fit-calibration.js';
import { computeKnownProbability, identifyBreed } from '../../src/breeds/identify-breed.js';

const K = 10;
const BREEDS = ['pug', 'boxer', 'corgi', 'siamese'];

/** A generator with a seed, so that a failing test fails again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A query whose neighbours share its label with the chance `purity`, at about the similarity `level`: what is
 * nearer is purer, as with real photos.
 */
function query(random: () => number, level: number, purity: number): AnsweredQuery {
  const label = BREEDS[Math.floor(random() * BREEDS.length)]!;
  const neighbours = Array.from({ length: K }, () => ({
    label: random() < purity ? label : BREEDS[Math.floor(random() * BREEDS.length)]!,
    similarity: Math.min(1, level + (random() - 0.5) * 0.1),
  })).sort((a, b) => b.similarity - a.similarity);
  return { neighbours, label };
}

function simulate(seed: number, count: number) {
  const random = generator(seed);
  const queries = Array.from({ length: count }, () => {
    const level = 0.4 + 0.5 * random();
    return query(random, level, level - 0.25);
  });
  const labelsHeldOut = Array.from({ length: count }, () => {
    const { neighbours } = query(random, 0.3 + 0.3 * random(), 0.3);
    return { neighbours, label: 'unseen' };
  });
  const nonPets = Array.from({ length: count }, () => {
    const { neighbours } = query(random, 0.05 + 0.3 * random(), 0.1);
    return { neighbours, label: 'chair' };
  });
  return { fingerprint: 'model-a', k: K, temperature: 0.1, queries, labelsHeldOut, nonPets };
}

const calibration = fitCalibration(simulate(1, 2000))!;
const answered = (q: AnsweredQuery, using: Calibration = calibration) =>
  identifyBreed(q.neighbours, { temperature: 0.1, calibration: using });

describe('a fitted calibration', () => {
  const fresh = simulate(2, 4000);

  it('is right as often as it says, on unseen queries and some non-pets', () => {
    const asked = [...fresh.queries, ...fresh.nonPets.slice(0, fresh.queries.length / 10)];
    for (const [from, to] of [
      [0, 0.5],
      [0.5, 0.8],
      [0.8, 1],
    ] as const) {
      const inBand = asked
        .map((q) => ({ q, a: answered(q) }))
        .filter(({ a }) => a.confidence > from && a.confidence <= to);
      expect(inBand.length).toBeGreaterThan(100);
      const said = inBand.reduce((sum, { a }) => sum + a.confidence, 0) / inBand.length;
      const right = inBand.filter(({ q, a }) => a.candidates[0]!.label === q.label).length / inBand.length;
      // What is refused as unknown is said with less confidence than it might be.
      expect(said - right).toBeLessThan(0.06);
      expect(right - said).toBeLessThan(from === 0 ? 0.1 : 0.06);
    }
  });

  it('rejects non-pets, hardly ever matches them, and rejects few pets', () => {
    const share = (of: AnsweredQuery[], decision: string) =>
      of.filter((q) => answered(q).decision === decision).length / of.length;
    expect(share(fresh.nonPets, 'match')).toBeLessThanOrEqual(0.005);
    expect(share(fresh.nonPets, 'unknown')).toBeGreaterThan(0.5);
    expect(share(fresh.queries, 'unknown')).toBeLessThan(0.01);
    expect(share(fresh.labelsHeldOut, 'match')).toBeLessThan(share(fresh.queries, 'match') / 2);
  });

  it('never names a candidate with confidence in an unknown answer', () => {
    const refused = fresh.nonPets.map((q) => answered(q)).filter(({ decision }) => decision === 'unknown');
    expect(refused.length).toBeGreaterThan(1000);
    for (const { confidence, candidates } of refused) {
      expect(confidence).toBeLessThan(calibration.thresholds.known);
      expect(Math.max(...candidates.map((candidate) => candidate.confidence))).toBe(confidence);
    }
  });

  it('calls only answers a match that are right at least 19 times in 20', () => {
    const matches = fresh.queries.filter((q) => answered(q).decision === 'match');
    const right = matches.filter((q) => answered(q).breed === q.label).length;
    expect(matches.length).toBeGreaterThan(400);
    expect(right / matches.length).toBeGreaterThan(0.93);
  });

  it('keeps candidates in order and leaves room for something else', () => {
    for (const q of [...fresh.queries, ...fresh.nonPets]) {
      const { candidates, confidence, decision, breed, calibrated } = answered(q);
      expect(calibrated).toBe(true);
      expect(candidates[0]!.confidence).toBe(confidence);
      const shares = candidates.map((c) => c.confidence);
      expect(shares).toEqual([...shares].sort((a, b) => b - a));
      expect(shares.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1 + 1e-9);
      expect(breed).toBe(decision === 'unknown' ? null : candidates[0]!.label);
    }
  });

  it('is less sure when everything is farther away', () => {
    const [q] = fresh.queries;
    const away = q!.neighbours.map((n) => ({ ...n, similarity: n.similarity - 0.3 }));
    expect(answered({ ...q!, neighbours: away }).confidence).toBeLessThan(answered(q!).confidence);
    expect(computeKnownProbability(away, calibration)).toBeLessThan(
      computeKnownProbability(q!.neighbours, calibration),
    );
  });

  it('lets exactly its own k neighbours vote, and is not used for fewer', () => {
    const [q] = fresh.queries;
    const more = [
      ...q!.neighbours,
      ...q!.neighbours.map((n) => ({ label: 'other', similarity: n.similarity })),
    ];
    expect(answered({ ...q!, neighbours: more })).toEqual(answered(q!));
    const fewer = answered({ ...q!, neighbours: q!.neighbours.slice(0, K - 1) });
    expect(fewer.calibrated).toBe(false);
    expect(fewer.candidates.reduce((sum, c) => sum + c.confidence, 0)).toBeCloseTo(1, 9);
  });

  it('says nothing if no neighbour has a label', () => {
    const neighbours = Array.from({ length: K }, () => ({ label: null, similarity: 0.9 }));
    expect(identifyBreed(neighbours, { temperature: 0.1, calibration })).toMatchObject({
      decision: 'unknown',
      breed: null,
      confidence: 0,
      candidates: [],
    });
    expect(computeKnownProbability(neighbours, calibration)).toBe(0);
  });
});

describe('fitting', () => {
  it('declines when there is too little data', () => {
    expect(fitCalibration(simulate(3, MIN_QUERIES - 1))).toBeNull();
    expect(fitCalibration({ ...simulate(3, MIN_QUERIES), labelsHeldOut: [] })).toBeNull();
  });

  it('is never infinitely sure, even if every answer was right and no non-pet was shown', () => {
    const random = generator(4);
    const queries = Array.from({ length: 200 }, () => query(random, 0.9, 1));
    const labelsHeldOut = Array.from({ length: 200 }, () => query(random, 0.3, 0.2));
    const data = { fingerprint: 'f', k: K, temperature: 0.1, queries, labelsHeldOut, nonPets: [] };
    const { confidence } = answered(queries[0]!, fitCalibration(data)!);
    expect(confidence).toBeGreaterThan(0.95);
    expect(confidence).toBeLessThan(1);
  });

  it('gives the same calibration for the same data', () => {
    expect(fitCalibration(simulate(1, 2000))).toEqual(calibration);
  });
});

describe('what a calibration knows about single labels', () => {
  /** Of what is answered pug, half is a boxer, however near; of other labels all is right. */
  const queries = Array.from({ length: 800 }, (_, i): AnsweredQuery => {
    const answeredFirst = BREEDS[i % BREEDS.length]!;
    const label = answeredFirst === 'pug' && i % 8 === 0 ? 'boxer' : answeredFirst;
    return {
      neighbours: Array.from({ length: K }, (_, n) => ({
        label: n < 8 ? answeredFirst : 'other',
        similarity: 0.9 - n / 100,
      })),
      label,
    };
  });
  const data = { ...simulate(5, 400), queries };

  it('trusts a label less that is often wrong', () => {
    const fitted = fitCalibration(data)!;
    const sureOf = (label: string) =>
      answered(queries.find((q) => q.neighbours[0]!.label === label)!, fitted).confidence;
    expect(sureOf('pug')).toBeLessThan(0.7);
    expect(sureOf('corgi')).toBeGreaterThan(0.9);
    expect(answered(queries[0]!, fitted).decision).toBe('ambiguous');
    expect(answered(queries[2]!, fitted).decision).toBe('match');
  });

  it('hardly ever calls the common label something else with confidence', () => {
    const boxers = queries.filter(({ label }) => label === 'boxer');
    const misread = (using: Calibration) =>
      boxers.filter((q) => {
        const { decision, breed } = answered(q, using);
        return decision === 'match' && breed !== 'boxer';
      }).length;
    const sure = { ...data, queries: queries.map((q) => (q.label === 'boxer' ? { ...q, weight: 0.01 } : q)) };
    expect(misread(fitCalibration(sure)!)).toBeGreaterThan(0.1 * boxers.length);
    expect(misread(fitCalibration({ ...sure, noBreedLabel: 'boxer' })!)).toBeLessThanOrEqual(
      0.03 * boxers.length,
    );
  });

  it('votes the same after being stored', () => {
    const fitted = parseCalibration(
      JSON.parse(JSON.stringify(fitCalibration({ ...data, votes: { boxer: 3 } })!)),
    );
    const neighbours = Array.from({ length: K }, (_, n) => ({
      label: n % 2 === 0 ? 'pug' : 'boxer',
      similarity: 0.9,
    }));
    expect(answered({ neighbours, label: '' }, fitted).candidates[0]).toMatchObject({
      label: 'boxer',
      share: 0.75,
    });
  });
});

describe('a stored calibration', () => {
  it('survives JSON and is bound to its model', () => {
    const stored = JSON.parse(JSON.stringify(calibration));
    expect(selectCalibration(stored, 'model-a')).toEqual(calibration);
    expect(selectCalibration(stored, 'model-b')).toBeNull();
    expect(selectCalibration(null, 'model-a')).toBeNull();
  });

  it('is refused if it is something else', () => {
    const broken = { ...calibration, right: { intercept: 0, coefficients: [1] } };
    expect(() => parseCalibration(broken)).toThrowError(
      expect.objectContaining({ code: 'calibration_invalid' }),
    );
    expect(() => parseCalibration('x')).toThrowError(
      expect.objectContaining({ code: 'calibration_invalid' }),
    );
  });
});
