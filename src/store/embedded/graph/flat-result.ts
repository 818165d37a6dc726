/**
 * Recognises searches that have probably gone astray. A result is flat when its best hit is hardly nearer than its tenth.
 * Then the search has often ended in a dense region from which no link leads to where the nearest rows are. One in a
 * thousand queries of ordinary data gives a flat result (`npm run bench:adversarial`).
 */
import { CROWD } from './crowd-finder.js';
import type { Graph } from './graph.js';

/** A result is flat if `(first - last) / (1 - last)` is below the share, where `last` is the similarity at the rank. */
const FLAT = { rank: 10, share: 0.08 };
/** The same where there are crowds: the nodes of a single one must not make a result look flat. */
const FLAT_IN_CROWDS = { rank: FLAT.rank + CROWD, share: 0.11 };

/** How many nodes a search must ask for so that {@link isFlat} can tell. */
export function rankForFlatness(hasGroups: boolean): number {
  return hasGroups ? FLAT_IN_CROWDS.rank : FLAT.rank;
}

/** @param distances of the nearest nodes found with `ef` candidates, nearest first */
export function isFlat(graph: Graph, distances: number[], ef: number, hasGroups: boolean): boolean {
  const { rank, share } = hasGroups ? FLAT_IN_CROWDS : FLAT;
  // A search that keeps a candidate for each node sees them all.
  if (distances.length < rank || graph.size <= ef) {
    return false;
  }
  const last = graph.similarity(distances[rank - 1]!);
  return graph.similarity(distances[0]!) - last < share * (1 - last);
}
