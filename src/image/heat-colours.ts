/**
 * Turns the shares of an explanation into colours. The server draws them into a PNG and the page onto a canvas, so this
 * file imports nothing that browsers lack.
 */
import { computeRegionInSquare, type Rectangle, type Size } from './regions.js';

/** The shares of a similarity over the cells of a grid. */
export interface ShareMap {
  rows: number;
  columns: number;
  /** The area that the cells divide into equal parts, in fractions of the upright photo. */
  region: Rectangle;
  /** One per cell, row by row. */
  shares: readonly number[];
}

/** Colours from a share of 0 to the largest share, in equal steps: red, green, blue, alpha. */
const POSITIVE_COLOURS = [
  [20, 8, 60, 150],
  [120, 20, 110, 140],
  [220, 60, 60, 120],
  [252, 160, 20, 110],
  [252, 255, 120, 120],
] as const;
/** The colour of cells that lower the similarity. */
const NEGATIVE_COLOUR = [40, 120, 255, 170] as const;

/**
 * Computes the colour of a share: dark for none, through red to yellow for the largest, blue for negative ones.
 *
 * @param largest the largest share of the map
 * @returns red, green, blue, alpha, 0..255
 */
export function computeColour(share: number, largest: number): readonly number[] {
  if (largest <= 0) {
    return POSITIVE_COLOURS[0];
  }
  const value = Math.max(-1, share / largest);
  const steps = POSITIVE_COLOURS.length - 1;
  const step = Math.abs(value) * steps;
  const [from, to] =
    value < 0
      ? [POSITIVE_COLOURS[0], NEGATIVE_COLOUR]
      : [POSITIVE_COLOURS[Math.floor(step)]!, POSITIVE_COLOURS[Math.min(steps, Math.floor(step) + 1)]!];
  const part = value < 0 ? -value : step % 1;
  return from.map((component, i) => Math.round(component + (to[i]! - component) * part));
}

/** Along each side. */
const POINTS_PER_CELL = 8;

/** Finds, for each point along one side of the square, the two cells around it and its position between them. */
function findCells(
  count: number,
  start: number,
  length: number,
): { low: number; high: number; part: number }[] {
  return Array.from({ length: count * POINTS_PER_CELL }, (_, point) => {
    const at = (((point + 0.5) / (count * POINTS_PER_CELL) - start) / length) * count - 0.5;
    // Beyond the middles of the outer cells there is no cell to interpolate with.
    const inside = Math.min(count - 1, Math.max(0, at));
    const low = Math.floor(inside);
    return { low, high: Math.min(count - 1, low + 1), part: inside - low };
  });
}

/**
 * Colours the square that the encoder saw at {@link POINTS_PER_CELL} points per cell along each side. Shares are interpolated
 * bilinearly between the middles of cells.
 *
 * @param seen the square, in fractions of the upright photo
 * @returns red, green, blue and alpha of each point, row by row, and the number of points
 */
export function computeHeatColours(
  map: ShareMap,
  seen: Rectangle,
): Size & { data: Uint8ClampedArray<ArrayBuffer> } {
  const { rows, columns, shares } = map;
  const { left, top, width, height } = computeRegionInSquare(map, seen);
  const largest = Math.max(...shares);
  const across = findCells(columns, left, width);
  const colours = findCells(rows, top, height).flatMap((y) =>
    across.flatMap((x) => {
      const row = (r: number) =>
        shares[r * columns + x.low]! * (1 - x.part) + shares[r * columns + x.high]! * x.part;
      return computeColour(row(y.low) * (1 - y.part) + row(y.high) * y.part, largest);
    }),
  );
  return {
    width: columns * POINTS_PER_CELL,
    height: rows * POINTS_PER_CELL,
    data: Uint8ClampedArray.from(colours),
  };
}
