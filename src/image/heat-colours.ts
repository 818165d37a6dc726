/**
 * A map of shares as colours over the square that it is about. The server draws it into a PNG, the page onto a canvas,
 * so this imports nothing that a browser has not.
 */

/** In fractions of a picture's width and height; 0, 0 is its upper left corner. */
export interface Rectangle {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Shares of a whole over the cells of a grid. */
export interface ShareMap {
  rows: number;
  columns: number;
  /** What the cells divide into equal parts, in fractions of the upright photo. */
  region: Rectangle;
  /** One per cell, row by row. */
  shares: readonly number[];
}

/** Width and height of an upright photo, in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What an encoder sees of a photo: its centre square, in fractions of its width and height when upright. */
export function computeCentreSquare({ width, height }: Size): Rectangle {
  const side = Math.min(width, height);
  return {
    left: (width - side) / 2 / width,
    top: (height - side) / 2 / height,
    width: side / width,
    height: side / height,
  };
}

/**
 * What the cells of a map divide into equal parts, in fractions of the photo's centre square. It need not be all of
 * the square, and may reach past it: that depends on how the network pads.
 */
export function computeRegionInSquare({ region }: ShareMap, photo: Size): Rectangle {
  const square = computeCentreSquare(photo);
  return {
    left: (region.left - square.left) / square.width,
    top: (region.top - square.top) / square.height,
    width: region.width / square.width,
    height: region.height / square.height,
  };
}

/** Colours from a share of 0 to the largest there is, in equal steps: red, green, blue, alpha. */
const FOR = [
  [20, 8, 60, 150],
  [120, 20, 110, 140],
  [220, 60, 60, 120],
  [252, 160, 20, 110],
  [252, 255, 120, 120],
] as const;
/** The colour of a cell that speaks against: a photo without it would be more similar. */
const AGAINST = [40, 120, 255, 170] as const;

/**
 * The colour of a share: dark for none, through red to yellow for the largest, blue where it is negative.
 *
 * @param largest the largest share there is
 * @returns red, green, blue, alpha, 0..255
 */
export function computeColour(share: number, largest: number): readonly number[] {
  if (largest <= 0) {
    return FOR[0];
  }
  const value = Math.max(-1, share / largest);
  const steps = FOR.length - 1;
  const at = Math.abs(value) * steps;
  const [from, to] =
    value < 0 ? [FOR[0], AGAINST] : [FOR[Math.floor(at)]!, FOR[Math.min(steps, Math.floor(at) + 1)]!];
  const part = value < 0 ? -value : at % 1;
  return from.map((component, i) => Math.round(component + (to[i]! - component) * part));
}

/** Points per cell along each side. */
const FINE = 8;

/** For each point along one side of the square, the two cells it lies between and how far it is from the first. */
function places(count: number, start: number, length: number): { low: number; high: number; part: number }[] {
  return Array.from({ length: count * FINE }, (_, point) => {
    const at = (((point + 0.5) / (count * FINE) - start) / length) * count - 0.5;
    // Outside the middles of the outer cells there is no cell to mix with: they reach to the edge.
    const inside = Math.min(count - 1, Math.max(0, at));
    const low = Math.floor(inside);
    return { low, high: Math.min(count - 1, low + 1), part: inside - low };
  });
}

/**
 * Colours the photo's centre square at {@link FINE} points a cell along each side; between the middles of cells shares
 * are mixed (bilinear), and from the middles of the outer cells on they stay as they are.
 *
 * @param photo of which the map is
 * @returns red, green, blue, alpha of each point, row by row, and how many points there are
 */
export function computeHeatColours(
  map: ShareMap,
  photo: Size,
): Size & { data: Uint8ClampedArray<ArrayBuffer> } {
  const { rows, columns, shares } = map;
  const { left, top, width, height } = computeRegionInSquare(map, photo);
  const largest = Math.max(...shares);
  const across = places(columns, left, width);
  const colours = places(rows, top, height).flatMap((y) =>
    across.flatMap((x) => {
      const row = (r: number) =>
        shares[r * columns + x.low]! * (1 - x.part) + shares[r * columns + x.high]! * x.part;
      return computeColour(row(y.low) * (1 - y.part) + row(y.high) * y.part, largest);
    }),
  );
  return { width: columns * FINE, height: rows * FINE, data: Uint8ClampedArray.from(colours) };
}
