/** Rounds the engine's numbers to meaningful digits for answers. */
import type { Explanation, Timing } from '../engine/engine.js';
import type { Rectangle } from '../image/heat-colours.js';

const round = (value: number, factor: number) => Math.round(value * factor) / factor;

/** Rounds a share or similarity to six decimals; more would be noise. */
export function roundShare(value: number): number {
  return round(value, 1e6);
}

/** Rounds milliseconds to two decimals. */
export function roundTiming({ decodeMs, embedMs, searchMs, totalMs }: Timing): Timing {
  return {
    decodeMs: round(decodeMs, 100),
    embedMs: round(embedMs, 100),
    searchMs: round(searchMs, 100),
    totalMs: round(totalMs, 100),
  };
}

/** Rounds the similarity and the explanation of a neighbour. */
export function roundNeighbour<N extends { similarity: number; explanation?: Explanation }>(neighbour: N): N {
  const { similarity, explanation } = neighbour;
  const rounded = { ...neighbour, similarity: roundShare(similarity) };
  return explanation === undefined ? rounded : { ...rounded, explanation: roundExplanation(explanation) };
}

/** Rounds a region of a photo. */
export function roundRegion({ left, top, width, height }: Rectangle): Rectangle {
  return {
    left: roundShare(left),
    top: roundShare(top),
    width: roundShare(width),
    height: roundShare(height),
  };
}

function roundExplanation({ rows, columns, region, shares }: Explanation): Explanation {
  return {
    rows,
    columns,
    region: roundRegion(region),
    // One more digit than the similarity, since many shares sum to it.
    shares: shares.map((share) => round(share, 1e7)),
  };
}
