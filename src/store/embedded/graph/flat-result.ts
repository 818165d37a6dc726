/**
 * Recognises searches that have probably missed some of the nearest rows. A result is flat when its best hit is hardly
 * nearer than its tenth: the search often got stuck in a dense region without links to the nearest rows. It has a flat
 * tail when its tenth hit is hardly nearer than its last candidate: many rows are about equally near, and the search has
 * seen only some of them. About one in a thousand queries of ordinary data gives a flat result, and four a flat tail
 * (`npm run bench:adversarial`).
 */
import { CROWD } from './crowd-finder.js';
import type { Graph } from './graph.js';

/** A result is flat if `(first - last) / (1 - last) < share`, where `last` is the similarity at the rank. */
const FLAT = { rank: 10, share: 0.08 };
/** With crowds, the rank must lie beyond the nodes of a single one, which would make any result look flat. */
const FLAT_IN_CROWDS = { rank: FLAT.rank + CROWD, share: 0.11 };

/** The same from the tenth to this rank, which is as far as the candidates of an ordinary search go. */
const FLAT_TAIL = { rank: 96, share: 0.15 };

/** How many nodes a search with `ef` candidates must ask for so that {@link isFlat} can tell. */
export function chooseRank(ef: number, hasGroups: boolean): number {
  if (hasGroups) {
    return FLAT_IN_CROWDS.rank;
  }
  // A search with fewer candidates does not see the tail, and each node asked for takes time.
  return ef < FLAT_TAIL.rank ? FLAT.rank : FLAT_TAIL.rank;
}

/** @param distances of the nearest nodes found with `ef` candidates, nearest first */
export function isFlat(graph: Graph, distances: number[], ef: number, hasGroups: boolean): boolean {
  const { rank, share } = hasGroups ? FLAT_IN_CROWDS : FLAT;
  // A search with as many candidates as nodes sees every node.
  if (distances.length < rank || graph.size <= ef) {
    return false;
  }
  const isFlatFrom = (from: number, to: number, minimum: number) => {
    const last = graph.toSimilarity(distances[to - 1]!);
    return graph.toSimilarity(distances[from - 1]!) - last < minimum * (1 - last);
  };
  if (isFlatFrom(1, rank, share)) {
    return true;
  }
  return distances.length >= FLAT_TAIL.rank && isFlatFrom(rank, FLAT_TAIL.rank, FLAT_TAIL.share);
}
