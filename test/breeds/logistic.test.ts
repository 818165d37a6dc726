import { describe, expect, it } from 'vitest';
import { fitIncreasing, fitLogistic, predict } from '../../src/breeds/logistic.js';
import { reference } from '../evaluation/reference.js';

const { confidence, right, logistic } = reference.confidences;
const observations = confidence.map((c, i) => ({
  features: [c, logistic.noise[i]!],
  target: right[i]!,
  weight: 1,
}));

describe('logistic regression', () => {
  it("finds scikit-learn's coefficients", () => {
    const model = fitLogistic(observations, 1);
    expect(model.intercept).toBeCloseTo(logistic.intercept, 5);
    model.coefficients.forEach((c, i) => {
      expect(c).toBeCloseTo(logistic.coefficients[i]!, 5);
    });
  });

  it('counts a weight of 2 as the observation twice', () => {
    const few = observations.slice(0, 60);
    const twice = fitLogistic([...few, ...few], 1);
    const heavy = fitLogistic(
      few.map((o) => ({ ...o, weight: 2 })),
      1,
    );
    expect(heavy.intercept).toBeCloseTo(twice.intercept, 9);
    expect(heavy.coefficients[0]).toBeCloseTo(twice.coefficients[0]!, 9);
  });

  it('gives the same probabilities whatever the unit of a feature', () => {
    const thousandfold = observations.map((o) => ({
      ...o,
      features: [o.features[0]! * 1000, o.features[1]!],
    }));
    const [a, b] = [fitIncreasing(observations, 1), fitIncreasing(thousandfold, 1)];
    observations.slice(0, 20).forEach((o, i) => {
      expect(predict(b, thousandfold[i]!.features)).toBeCloseTo(predict(a, o.features), 9);
    });
  });

  it('never lets more of a feature lower the probability', () => {
    const opposed = observations.map((o) => ({ ...o, features: [o.features[0]!, -o.features[0]!] }));
    const model = fitIncreasing(opposed, 1);
    expect(model.coefficients[0]).toBeGreaterThan(0);
    expect(model.coefficients[1]).toBe(0);
    const useless = fitIncreasing(
      observations.map((o) => ({ ...o, features: [-o.features[0]!] })),
      1,
    );
    const base = right.reduce((a, b) => a + b, 0) / right.length;
    expect(useless.coefficients).toEqual([0]);
    expect(predict(useless, [0.3])).toBeCloseTo(base, 6);
  });

  it('stays finite on separable data and on a constant feature', () => {
    const separable = [0, 1, 2, 10, 11, 12].map((x) => ({
      features: [x, 5],
      target: x > 5 ? 1 : 0,
      weight: 1,
    }));
    const model = fitIncreasing(separable, 1);
    expect([model.intercept, ...model.coefficients].every(Number.isFinite)).toBe(true);
    expect(predict(model, [12, 5])).toBeGreaterThan(0.8);
    expect(predict(model, [0, 5])).toBeLessThan(0.2);
  });
});
