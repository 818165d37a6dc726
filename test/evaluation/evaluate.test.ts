import { describe, expect, it } from 'vitest';
import type { EmbeddedSet } from '../../src/evaluation/embed-set.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { forEachQuery } from '../../src/evaluation/exact-neighbours.js';
import { countOverlap, runQueries } from '../../src/evaluation/run-queries.js';
import { asSet, reference } from './reference.js';

const gallery = asSet(reference.gallery, 'gallery');
const queries = asSet(reference.queries, 'queries');

const asked = (of: EmbeddedSet, from: EmbeddedSet, leaveOneOut = false) =>
  runQueries({
    gallery: from,
    queries: of,
    k: reference.k,
    leaveOneOut,
    answering: { temperature: reference.temperature },
  });

describe('exact search', () => {
  it('finds the same neighbours and similarities as faiss', () => {
    const { nearest, similarities } = reference.retrieval;
    const found: { rows: number[]; similarities: number[] }[] = [];
    forEachQuery(gallery.vectors, queries.vectors, (_, find) => {
      const got = find(reference.k);
      found.push({ rows: [...got.rows], similarities: [...got.similarities] });
    });
    expect(found).toHaveLength(queries.items.length);
    nearest.forEach((rows, q) => {
      expect(found[q]!.rows).toEqual(rows);
      found[q]!.similarities.forEach((s, i) => {
        expect(s).toBeCloseTo(similarities[q]![i]!, 5);
      });
    });
  });

  it('gives all rows if k is larger than the gallery, but never the excluded row', () => {
    forEachQuery(gallery.vectors, queries.vectors, (q, find) => {
      const { rows } = find(10_000, (row) => row === q);
      expect(new Set(rows).size).toBe(gallery.items.length - 1);
      expect(rows.includes(q)).toBe(false);
    });
  });
});

describe('evaluation', () => {
  it('agrees with pytorch-metric-learning and faiss on recall and mAP@R', () => {
    const { recallAt, mapAtR, n, withoutMatch } = evaluate(asked(queries, gallery));
    expect(n).toBe(queries.items.length);
    expect(withoutMatch).toBe(0);
    expect(recallAt[1]).toBeCloseTo(reference.retrieval.recallAt1, 9);
    expect(recallAt[5]).toBeCloseTo(reference.retrieval.recallAt5, 9);
    expect(recallAt[10]).toBeCloseTo(reference.retrieval.recallAt10, 9);
    expect(mapAtR).toBeCloseTo(reference.retrieval.mapAtR, 9);
  });

  it('agrees with them if a set is evaluated against itself', () => {
    const { recallAt, mapAtR } = evaluate(asked(gallery, gallery, true));
    expect(recallAt[1]).toBeCloseTo(reference.retrieval.leaveOneOut.recallAt1, 9);
    expect(mapAtR).toBeCloseTo(reference.retrieval.leaveOneOut.mapAtR, 9);
  });

  it('agrees with scikit-learn on the vote, its accuracy and its confusions', () => {
    const outcomes = asked(queries, gallery);
    const { classification, labels } = reference;
    classification.shares.forEach((shares, q) => {
      const voted = new Map(outcomes[q]!.answer.candidates.map((c) => [c.label, c.confidence]));
      shares.forEach((share, i) => {
        expect(voted.get(labels[i]!) ?? 0).toBeCloseTo(share, 5);
      });
    });
    const evaluation = evaluate(outcomes);
    expect(evaluation.top1).toBeCloseTo(classification.top1, 9);
    expect(evaluation.macroTop1).toBeCloseTo(classification.macroTop1, 9);
    labels.forEach((label, i) => {
      expect(evaluation.perLabel[label]!.top1).toBeCloseTo(classification.perLabelTop1[i]!, 9);
      expect(evaluation.perLabel[label]!.precision ?? 0).toBeCloseTo(classification.perLabelPrecision[i]!, 9);
    });
    expect(evaluation.confusions[0]).toEqual(classification.worstConfusion);
    expect(evaluation.confusions.reduce((sum, c) => sum + c.count, 0)).toBe(classification.wrong);
  });

  it('finds copies of the queries unless they are left out', () => {
    expect(countOverlap(gallery, gallery).same).toBe(gallery.items.length);
    expect(countOverlap(gallery, queries).same).toBe(0);
    expect(evaluate(asked(gallery, gallery)).recallAt[1]).toBe(1);
  });

  it('leaves out every copy of a query, whatever its label', () => {
    const items = gallery.items.map((item, row) =>
      row < 2 ? { ...item, sha256: 'same', label: `label-${row}` } : item,
    );
    const outcomes = asked({ ...gallery, items }, { ...gallery, items }, true);
    expect(outcomes[0]!.evidence?.file).not.toBe(items[0]!.file);
    expect(outcomes[1]!.evidence?.file).not.toBe(items[0]!.file);
    expect(outcomes[1]!.evidence?.file).not.toBe(items[1]!.file);
  });

  it('counts a label that the gallery lacks as wrong in the vote, and leaves it out of recall', () => {
    const items = queries.items.map((item, i) => (i === 0 ? { ...item, label: 'new' } : item));
    const evaluation = evaluate(asked({ ...queries, items }, gallery));
    expect(evaluation.withoutMatch).toBe(1);
    expect(evaluation.n).toBe(queries.items.length);
    expect(evaluation.perLabel.new).toEqual({ n: 1, top1: 0, precision: null });
  });

  it('reports the answers for non-pets', () => {
    const far = asSet({ vectors: [[1, 0, 0, 0, 0, 0]], labels: ['chair'] }, 'far');
    const evaluation = evaluate(asked(queries, gallery), asked(far, gallery));
    expect(evaluation.nonPets?.n).toBe(1);
    const { match, ambiguous, unknown } = evaluation.nonPets!.decisions;
    expect(match + ambiguous + unknown).toBe(1);
    expect(evaluation.nonPetAuroc).toBeGreaterThanOrEqual(0);
    expect(evaluate(asked(queries, gallery)).nonPetAuroc).toBeUndefined();
  });

  it('has reproducible intervals that contain the value', () => {
    const first = evaluate(asked(queries, gallery));
    const { top1 } = first.intervals;
    expect(top1!.low).toBeLessThan(first.top1!);
    expect(top1!.high).toBeGreaterThan(first.top1!);
    expect(evaluate(asked(queries, gallery)).intervals).toEqual(first.intervals);
  });
});
