import { describe, expect, it } from 'vitest';
import { computeCentreSquare, computeRegionInSquare, mapToPhoto } from '../../src/image/regions.js';

describe('a rectangle', () => {
  it('inside a part of a photo is mapped to the whole photo', () => {
    const part = { left: 0.5, top: 0.2, width: 0.5, height: 0.4 };
    expect(mapToPhoto({ left: 0.5, top: 0, width: 0.5, height: 1 }, part)).toEqual({
      left: 0.75,
      top: 0.2,
      width: 0.25,
      height: 0.4,
    });
  });

  it('of a heat map is mapped back to the square that it explains', () => {
    const photo = { width: 400, height: 200 };
    const map = { rows: 1, columns: 1, region: { left: 0.5, top: 0, width: 0.25, height: 0.5 }, shares: [1] };
    expect(computeRegionInSquare(map, computeCentreSquare(photo))).toEqual({
      left: 0.5,
      top: 0,
      width: 0.5,
      height: 0.5,
    });
    expect(computeRegionInSquare(map, computeCentreSquare({ width: 200, height: 400 }))).toEqual({
      left: 0.5,
      top: -0.5,
      width: 0.25,
      height: 1,
    });
  });
});
