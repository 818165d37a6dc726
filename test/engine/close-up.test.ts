import { describe, expect, it } from 'vitest';
import { computeContrast, findCloseUp } from '../../src/engine/close-up.js';
import { computeDot } from '../../src/math/vectors.js';

const vector = (...values: number[]) => Float32Array.from(values);

describe('the direction of a close-up', () => {
  it('leads from the photos without pets to the neighbours', () => {
    const contrast = computeContrast([vector(1, 0, 0), vector(0.6, 0, 0.8)], [vector(0, 1, 0)]);
    expect(computeDot(contrast, vector(1, 0, 0))).toBeGreaterThan(0.5);
    expect(computeDot(contrast, vector(0, 1, 0))).toBeCloseTo(-1, 5);
  });

  it('leads to the neighbours if there are no photos without pets', () => {
    expect([...computeContrast([vector(0, 2)], [])]).toEqual([0, 1]);
  });
});

describe('the place of a close-up', () => {
  const side = 8;
  /** Shares of a photo of which only one cell counts. */
  const mapOf = (row: number, column: number, region = { left: 0, top: 0, width: 1, height: 1 }) => ({
    rows: side,
    columns: side,
    region,
    shares: Array.from({ length: side * side }, (_, cell) => (cell === row * side + column ? 1 : -0.01)),
  });

  it('contains the relevant cells', () => {
    const { left, top, width, height } = findCloseUp(mapOf(6, 1), { width: 500, height: 500 });
    expect([width, height]).toEqual([0.4, 0.4]);
    expect(left).toBeLessThanOrEqual(1 / side);
    expect(left + width).toBeGreaterThanOrEqual(2 / side);
    expect(top).toBeLessThanOrEqual(6 / side);
    expect(top + height).toBeGreaterThanOrEqual(7 / side);
  });

  it('is a square in pixels inside the photo, even if the map extends beyond it', () => {
    // The middle of a wide photo, with cells beyond the upper edge.
    const region = { left: 0.25, top: -0.1, width: 0.5, height: 1.2 };
    for (const [row, column] of [
      [0, 0],
      [0, 7],
      [7, 7],
    ] as const) {
      const { left, top, width, height } = findCloseUp(mapOf(row, column, region), {
        width: 1000,
        height: 500,
      });
      expect(width * 1000).toBeCloseTo(height * 500, 6);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(left + width).toBeLessThanOrEqual(1);
      expect(top + height).toBeLessThanOrEqual(1);
    }
  });
});
