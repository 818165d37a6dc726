/** An explanation as colours and as words. Pure functions. */
import type { Explanation } from '../engine/engine.js';

/** Red, green, blue and alpha, 0..255. */
export type Colour = readonly [number, number, number, number];

/** The server draws its heat maps in the same colours; a test holds them together. */
const FOR: readonly Colour[] = [
  [20, 8, 60, 150],
  [120, 20, 110, 140],
  [220, 60, 60, 120],
  [252, 160, 20, 110],
  [252, 255, 120, 120],
];
const AGAINST: Colour = [40, 120, 255, 170];

/**
 * The colour of a share: dark for none, through red to yellow for the largest, blue where it is negative.
 *
 * @param largest the largest share there is
 */
export function colourOf(share: number, largest: number): Colour {
  const none = FOR[0] as Colour;
  if (largest <= 0) return none;
  const value = Math.max(-1, share / largest);
  const at = Math.max(0, value) * (FOR.length - 1);
  const low = Math.min(FOR.length - 2, Math.floor(at));
  const [from, to, part] =
    value < 0 ? [none, AGAINST, -value] : [FOR[low] as Colour, FOR[low + 1] as Colour, at - low];
  return from.map((component, i) =>
    Math.round(component + ((to[i] as number) - component) * part),
  ) as unknown as Colour;
}

/** Each cell's colour, row by row: red, green, blue, alpha of each. */
export function coloursOf({ shares }: Explanation): Uint8ClampedArray<ArrayBuffer> {
  const largest = Math.max(...shares);
  return Uint8ClampedArray.from(shares.flatMap((share) => [...colourOf(share, largest)]));
}

const ZONES = [
  ['The upper left', 'The top', 'The upper right'],
  ['The left', 'The middle', 'The right'],
  ['The lower left', 'The bottom', 'The lower right'],
] as const;

/**
 * The ninth of the looked-at square that brings most of the similarity.
 *
 * @returns its name, and its part of all that speaks for the similarity, 0..1; null where nothing does
 */
export function strongest({ rows, columns, shares }: Explanation): { zone: string; part: number } | null {
  const sums = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let all = 0;
  shares.forEach((share, cell) => {
    const row = Math.floor(((Math.floor(cell / columns) + 0.5) / rows) * 3);
    const column = Math.floor((((cell % columns) + 0.5) / columns) * 3);
    const speaks = Math.max(0, share);
    sums[row * 3 + column] = (sums[row * 3 + column] as number) + speaks;
    all += speaks;
  });
  if (all === 0) return null;
  const most = sums.indexOf(Math.max(...sums));
  return { zone: ZONES.flat()[most] as string, part: (sums[most] as number) / all };
}
