/** Digits that mean something: the engine's numbers as answers show them. */
import type { Explanation, Timing } from '../engine/engine.js';
import type { Rectangle } from '../image/heat-colours.js';

const round = (value: number, factor: number) => Math.round(value * factor) / factor;

/** A share or a similarity: beyond six digits is float noise. */
export function roundShare(value: number): number {
  return round(value, 1e6);
}

/** Milliseconds, with two decimals. */
export function roundTiming({ decodeMs, embedMs, searchMs, totalMs }: Timing): Timing {
  return {
    decodeMs: round(decodeMs, 100),
    embedMs: round(embedMs, 100),
    searchMs: round(searchMs, 100),
    totalMs: round(totalMs, 100),
  };
}

/** A neighbour with its similarity, and its explanation where it has one. */
export function roundNeighbour<N extends { similarity: number; explanation?: Explanation }>(neighbour: N): N {
  const { similarity, explanation } = neighbour;
  const rounded = { ...neighbour, similarity: roundShare(similarity) };
  return explanation === undefined ? rounded : { ...rounded, explanation: roundExplanation(explanation) };
}

/** A part of a photo. */
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
    // A digit more than the similarity has: many of them sum to it.
    shares: shares.map((share) => round(share, 1e7)),
  };
}
