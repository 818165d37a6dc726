/** Finds the part of a photo that contributes most to a similarity. */
import type { Explanation } from '../engine/engine.js';
import { computeRegionInSquare, type Rectangle } from '../image/regions.js';
import { texts } from './texts/texts.js';

/** The third of the square, 0..2, that the middle of a cell is in; also 0 or 2 if it is before or after the square. */
function findThird(cell: number, count: number, start: number, length: number): number {
  const middle = start + ((cell + 0.5) / count) * length;
  return Math.min(2, Math.max(0, Math.floor(middle * 3)));
}

/**
 * The ninth of the square that contributes most to the similarity.
 *
 * @param seen that square, in fractions of the upright photo
 * @returns its name, and its share of all positive contributions, 0..1; null if there are none
 */
export function findStrongestZone(
  explanation: Explanation,
  seen: Rectangle,
): { zone: string; part: number } | null {
  const { rows, columns, shares } = explanation;
  const { left, top, width, height } = computeRegionInSquare(explanation, seen);
  const sums = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let total = 0;
  shares.forEach((share, cell) => {
    const row = findThird(Math.floor(cell / columns), rows, top, height);
    const column = findThird(cell % columns, columns, left, width);
    const contribution = Math.max(0, share);
    sums[row * 3 + column] = (sums[row * 3 + column] as number) + contribution;
    total += contribution;
  });
  if (total === 0) {
    return null;
  }
  const strongest = sums.indexOf(Math.max(...sums));
  return { zone: texts.why.zones.flat()[strongest] as string, part: (sums[strongest] as number) / total };
}
