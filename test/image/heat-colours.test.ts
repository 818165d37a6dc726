import { describe, expect, it } from 'vitest';
import { computeColour, computeHeatColours } from '../../src/image/heat-colours.js';
import { computeCentreSquare } from '../../src/image/regions.js';

describe('the colour of a share', () => {
  it('goes from dark to bright, and is blue if negative', () => {
    const light = ([red, green, blue]: readonly number[]) => red! + green! + blue!;
    const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => light(computeColour(share, 1)));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    const [red, , blue] = computeColour(-1, 1);
    expect(blue).toBeGreaterThan(red! + 100);
  });
});

describe('a map in colours', () => {
  const photo = { width: 400, height: 200 };
  /** Of the photo's width the square is the middle half. */
  const drawn = (left: number, width: number) => {
    const map = { rows: 1, columns: 2, region: { left, top: 0, width, height: 1 }, shares: [1, 0] };
    const { width: points, height, data } = computeHeatColours(map, computeCentreSquare(photo));
    expect(data).toHaveLength(points * height * 4);
    return Array.from({ length: points }, (_, at) => [...data.subarray(at * 4, at * 4 + 4)]);
  };
  /** How far across the square the colours are those of the first cell, and from where on those of the last. */
  const bounds = (colours: number[][]) => {
    const is = (share: number) => (colour: number[]) => String(colour) === String(computeColour(share, 1));
    return [colours.findLastIndex(is(1)) + 1, colours.findIndex(is(0))].map((at) => at / colours.length);
  };

  it('interpolates between the middles of cells', () => {
    const [first, last] = bounds(drawn(0.25, 0.5));
    expect(first).toBeCloseTo(0.25);
    expect(last).toBeCloseTo(0.75);
  });

  it('does so at the positions of the cells, inside and outside the square', () => {
    const [first, last] = bounds(drawn(0.3125, 0.5));
    expect(first).toBeCloseTo(0.375);
    expect(last).toBeCloseTo(0.875);
    const around = bounds(drawn(0.125, 0.75));
    expect(around[0]).toBeCloseTo(0.125);
    expect(around[1]).toBeCloseTo(0.875);
  });
});
