import { describe, expect, it } from 'vitest';
import { findStrongestZone } from '../../src/web/strongest-zone.js';

const region = { left: 0, top: 0, width: 1, height: 1 };
const square = { left: 0, top: 0, width: 1, height: 1 };

describe('the strongest part', () => {
  const grid = (at: number, rows = 9, columns = 9) => ({
    rows,
    columns,
    region,
    shares: Array.from({ length: rows * columns }, (_, cell) => (cell === at ? 0.5 : cell === 0 ? -0.4 : 0)),
  });

  it('is named by its position', () => {
    expect(findStrongestZone(grid(10), square)).toEqual({ zone: 'The upper left', part: 1 });
    expect(findStrongestZone(grid(40), square)).toEqual({ zone: 'The middle', part: 1 });
    expect(findStrongestZone(grid(44), square)).toEqual({ zone: 'The right', part: 1 });
    expect(findStrongestZone(grid(80), square)).toEqual({ zone: 'The lower right', part: 1 });
    expect(findStrongestZone(grid(3, 2, 2), square)).toEqual({ zone: 'The lower right', part: 1 });
  });

  it('depends on the position of its cells in the square, not in the grid', () => {
    // Two cells across a photo three times as wide as high: the square is its middle third, and the cells begin in the
    // middle of that.
    const wide = { left: 1 / 3, top: 0, width: 1 / 3, height: 1 };
    const right = { left: 0.5, top: 0, width: 1 / 6, height: 1 };
    const zone = (shares: number[]) =>
      findStrongestZone({ rows: 1, columns: 2, region: right, shares }, wide)?.zone;
    expect(zone([1, 0])).toBe('The middle');
    expect(zone([0, 1])).toBe('The right');
    const beyond = { ...right, left: 0.6 };
    expect(findStrongestZone({ rows: 1, columns: 2, region: beyond, shares: [0, 1] }, wide)?.zone).toBe(
      'The right',
    );
  });

  it('has its share of the positive contributions', () => {
    const shares = [0.3, 0, 0, 0, 0, 0, 0, 0, 0.1];
    expect(findStrongestZone({ rows: 3, columns: 3, region, shares }, square)).toEqual({
      zone: 'The upper left',
      part: expect.closeTo(0.75),
    });
  });

  it('is none without positive contributions', () => {
    expect(findStrongestZone({ rows: 1, columns: 2, region, shares: [-0.1, 0] }, square)).toBeNull();
  });
});
