/**
 * Decides which rows become nodes of a graph and which join the group of a node (groups.ts explains why). A row whose
 * nearest {@link CROWD} nodes are all very similar to it belongs to a crowd.
 */
import type { Graph } from './graph.js';
import type { Groups } from './groups.js';

/**
 * Maximum number of nodes of a crowd, and the similarity from which nodes crowd a row. Both were chosen with
 * `npm run bench:adversarial`: recall drops from about twice this many nodes, and ordinary photos form no crowds.
 */
export const CROWD = 16;
const CROWD_COSINE = 0.985;
/** Until the first crowd is found, only every n-th row is checked. */
const CHECK_EVERY = 8;
/** Candidates (ef) to see whether any node is similar enough, and to see whether {@link CROWD} nodes are. */
const [GLANCE_EF, CROWD_EF] = [4, 64];

export class CrowdFinder {
  readonly #graph: Graph;
  readonly #groups: Groups;
  #isCrowded: boolean;
  #glances = 0;

  /** @param expectsCrowds whether to check every row from the start */
  constructor(graph: Graph, groups: Groups, expectsCrowds: boolean) {
    this.#graph = graph;
    this.#groups = groups;
    this.#isCrowded = expectsCrowds;
  }

  /** Whether a crowd was found. */
  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  /**
   * Finds the node whose group a row should join.
   *
   * @param point the vector of the row, of length 1
   * @returns the node with its similarity to the row, or null if the row should become a node
   */
  find(point: number[]): { node: number; cosine: number } | null {
    const graph = this.#graph;
    if (graph.size < CROWD || (!this.#isCrowded && this.#glances++ % CHECK_EVERY !== 0)) {
      return null;
    }
    const [glance] = graph.findNearestTo(point, 1, GLANCE_EF).distances;
    if (glance === undefined || graph.toSimilarity(glance) < CROWD_COSINE) {
      return null;
    }
    const { neighbors, distances } = graph.findNearestTo(point, CROWD, CROWD_EF);
    if (neighbors.length < CROWD || graph.toSimilarity(distances[CROWD - 1]!) < CROWD_COSINE) {
      return null;
    }
    this.#isCrowded = true;
    for (const [i, label] of neighbors.entries()) {
      const node = label + graph.base;
      if (this.#groups.hasRoom(node)) {
        return { node, cosine: graph.toSimilarity(distances[i]!) };
      }
    }
    return null;
  }
}
