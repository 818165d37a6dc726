import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../../src/evaluation/metrics/bootstrap.js';
import {
  computeExpectedCalibrationError,
  computeReliability,
} from '../../../src/evaluation/metrics/reliability.js';
import {
  computeAuroc,
  computeCoverageAtPrecision,
  computeRiskCoverage,
} from '../../../src/evaluation/metrics/selective.js';
import { computeAveragePrecisionAtR } from '../../../src/evaluation/outcomes.js';
import { reference } from '../reference.js';

const { confidences } = reference;
const confidence = Float64Array.from(confidences.confidence);
const right = Uint8Array.from(confidences.right);
const split = (wanted: number) => confidence.filter((_, i) => right[i] === wanted);

describe('calibration metrics', () => {
  it('agree with scikit-learn', () => {
    expect(computeExpectedCalibrationError(confidence, right)).toBeCloseTo(confidences.ece, 12);
    const bins = computeReliability(confidence, right);
    expect(bins.map((b) => b.count)).toEqual(confidences.bins.count);
    const filled = bins.filter((b) => b.count > 0);
    filled.forEach((bin, i) => {
      expect(bin.accuracy).toBeCloseTo(confidences.bins.accuracy[i]!, 12);
      expect(bin.confidence).toBeCloseTo(confidences.bins.confidence[i]!, 12);
    });
  });

  it('put 0 and 1 into the first and last bin', () => {
    const bins = computeReliability(Float64Array.of(0, 1), Uint8Array.of(0, 1));
    expect([bins[0]!.count, bins.at(-1)!.count]).toEqual([1, 1]);
    expect(computeExpectedCalibrationError(Float64Array.of(0, 1), Uint8Array.of(0, 1))).toBe(0);
    expect(computeExpectedCalibrationError(Float64Array.of(1, 1), Uint8Array.of(0, 0))).toBe(1);
    expect(computeExpectedCalibrationError(new Float64Array(), new Uint8Array())).toBeNull();
  });
});

describe('selective answering', () => {
  it('agrees with scikit-learn on coverage and AUROC', () => {
    const curve = computeRiskCoverage(confidence, right);
    expect(computeCoverageAtPrecision(curve, 0.9)).toBeCloseTo(confidences.coverageAt90, 12);
    expect(computeCoverageAtPrecision(curve, 0.95)).toBeCloseTo(confidences.coverageAt95, 12);
    expect(computeAuroc(split(1), split(0))).toBeCloseTo(confidences.auroc, 12);
  });

  it('treats equal confidences alike', () => {
    const curve = computeRiskCoverage(Float64Array.of(0.9, 0.9, 0.5), Uint8Array.of(1, 0, 1));
    expect(curve.map((p) => p.coverage)).toEqual([2 / 3, 1]);
    expect(computeCoverageAtPrecision(curve, 1)).toBe(0);
  });

  it('gives AUROC 1 for separated, 0.5 for equal and null for one-sided data', () => {
    expect(computeAuroc(Float64Array.of(2, 3), Float64Array.of(0, 1))).toBe(1);
    expect(computeAuroc(Float64Array.of(1, 1), Float64Array.of(1))).toBe(0.5);
    expect(computeAuroc(Float64Array.of(1), new Float64Array())).toBeNull();
  });
});

describe('retrieval metrics', () => {
  it('agree with Musgrave et al.', () => {
    // R = 10, right at ranks 1 to 3 and 7.
    const relevant = Uint8Array.of(1, 1, 1, 0, 0, 0, 1, 0, 0, 0);
    expect(computeAveragePrecisionAtR(relevant, 10)).toBeCloseTo((1 + 1 + 1 + 4 / 7) / 10, 12);
    expect(computeAveragePrecisionAtR(Uint8Array.of(1, 1), 2)).toBe(1);
  });

  it('stay between 0 and 1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ min: 0, max: 1, minLength: 1, maxLength: 40 }), (relevant) => {
        const value = computeAveragePrecisionAtR(relevant, relevant.length);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('bootstrap', () => {
  it("is close to the normal approximation of a proportion's interval", () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i < 800 ? 1 : 0));
    const interval = bootstrap(values.length, (s) => s.reduce((sum, i) => sum + values[i]!, 0) / s.length)!;
    const half = 1.96 * Math.sqrt((0.8 * 0.2) / 1000);
    expect(interval.low).toBeCloseTo(0.8 - half, 2);
    expect(interval.high).toBeCloseTo(0.8 + half, 2);
  });

  it('is empty without queries', () => {
    expect(bootstrap(0, () => 1)).toBeNull();
  });
});
