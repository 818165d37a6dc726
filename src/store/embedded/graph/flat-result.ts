/**
 * Recognises searches that have probably missed the nearest rows. A result is flat when its best hit is hardly nearer
 * than its tenth: the search often got stuck in a dense region without links to the nearest rows. About one in a
 * thousand queries of ordinary data gives a flat result (`npm run bench:adversarial`).
 */
import { CROWD } from './crowd-finder.js';
import type { Graph } from './graph.js';

/** A result is flat if `(first - last) / (1 - last) < share`, where `last` is the similarity at the rank. */
const FLAT = { rank: 10, share: 0.08 };
/** With crowds, the rank must lie beyond the nodes of a single one, which would make any result look flat. */
const FLAT_IN_CROWDS = { rank: FLAT.rank + CROWD, share: 0.11 };

/** How many nodes a search must ask for so that {@link isFlat} can tell. */
export function rankForFlatness(hasGroups: boolean): number {
  return hasGroups ? FLAT_IN_CROWDS.rank : FLAT.rank;
}

/** @param distances of the nearest nodes found with `ef` candidates, nearest first */
export function isFlat(graph: Graph, distances: number[], ef: number, hasGroups: boolean): boolean {
  const { rank, share } = hasGroups ? FLAT_IN_CROWDS : FLAT;
  // A search with as many candidates as nodes sees every node.
  if (distances.length < rank || graph.size <= ef) {
    return false;
  }
  const last = graph.toSimilarity(distances[rank - 1]!);
  return graph.toSimilarity(distances[0]!) - last < share * (1 - last);
}
