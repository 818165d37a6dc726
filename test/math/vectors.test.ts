import { expect, it } from 'vitest';
import { computeDot, computeLength, normalise, normaliseRows } from '../../src/math/vectors.js';

it('computes dot product and length', () => {
  expect(computeDot(Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6))).toBe(32);
  expect(computeLength(Float32Array.of(3, 4))).toBe(5);
});

it('scales a vector to length 1, and leaves a zero vector alone', () => {
  const vector = Float32Array.of(3, 4);
  expect(normalise(vector)).toBe(5);
  expect(computeLength(vector)).toBeCloseTo(1, 6);
  const zeros = new Float32Array(2);
  expect(normalise(zeros)).toBe(0);
  expect([...zeros]).toEqual([0, 0]);
});

it('scales every row separately', () => {
  const rows = Float32Array.of(0, 2, 8, 0);
  normaliseRows(rows, 2);
  expect([...rows]).toEqual([0, 1, 1, 0]);
});
