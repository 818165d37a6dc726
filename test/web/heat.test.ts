import { describe, expect, it } from 'vitest';
import { colourOf as colourOfServer } from '../../src/image/heat-map.js';
import { colourOf, coloursOf, strongest } from '../../src/web/heat.js';

const region = { left: 0, top: 0, width: 1, height: 1 };

describe('the colour of a share', () => {
  it('is the one that the server draws', () => {
    for (const largest of [0.04, 1, 0, -0.1])
      for (let share = -1.2; share <= 1; share += 0.05)
        expect(colourOf(share * 0.04, largest)).toEqual(colourOfServer(share * 0.04, largest));
  });

  it('rises from dark to bright, and is blue against', () => {
    const light = ([red, green, blue]: readonly number[]) => red! + green! + blue!;
    const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => light(colourOf(share, 1)));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    const [red, , blue] = colourOf(-1, 1);
    expect(blue).toBeGreaterThan(red + 100);
  });

  it('is given for every cell', () => {
    const colours = coloursOf({ rows: 1, columns: 2, region, shares: [0.5, 0] });
    expect([...colours]).toEqual([...colourOf(1, 1), ...colourOf(0, 1)]);
  });
});

describe('the strongest part', () => {
  const grid = (at: number, rows = 9, columns = 9) => ({
    rows,
    columns,
    region,
    shares: Array.from({ length: rows * columns }, (_, cell) => (cell === at ? 0.5 : cell === 0 ? -0.4 : 0)),
  });

  it('is named by where it lies', () => {
    expect(strongest(grid(10))).toEqual({ zone: 'The upper left', part: 1 });
    expect(strongest(grid(40))).toEqual({ zone: 'The middle', part: 1 });
    expect(strongest(grid(44))).toEqual({ zone: 'The right', part: 1 });
    expect(strongest(grid(80))).toEqual({ zone: 'The lower right', part: 1 });
    expect(strongest(grid(3, 2, 2))).toEqual({ zone: 'The lower right', part: 1 });
  });

  it('has its part of what speaks for the similarity', () => {
    const shares = [0.3, 0, 0, 0, 0, 0, 0, 0, 0.1];
    expect(strongest({ rows: 3, columns: 3, region, shares })).toEqual({
      zone: 'The upper left',
      part: expect.closeTo(0.75),
    });
  });

  it('is none where nothing speaks for it', () => {
    expect(strongest({ rows: 1, columns: 2, region, shares: [-0.1, 0] })).toBeNull();
  });
});
