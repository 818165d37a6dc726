/**
 * Rows that share a node of the graph. hnswlib gives each node a fixed number of links, nearest first, so the nodes
 * of a crowd of nearly equal vectors would link only to each other and be cut off from the rest of the graph.
 * Therefore only the first few rows of a crowd become nodes. The others join the group of the nearest node, and are
 * scanned exactly when a search comes near it. staged-graph.ts decides which rows join a group.
 */

/** Maximum number of members of a group; scanning them takes 0.2 ms. */
const MAX_MEMBERS = 4096;
/** Rounding error of float32 when angles are compared. */
const TOLERANCE = 1e-6;

/** The rows that share one node. */
export interface Group {
  /** Sequence numbers of the members in the order they joined; may include removed rows. */
  seqs: number[];
  /** Members that still exist. */
  alive: number;
  /** Largest angle between the node and a member, in radians. */
  angle: number;
  /** Whether the node's own row still exists. If not, the node only leads to the members. */
  isNodeAlive: boolean;
}

export class Groups {
  /** By the sequence number of the node. */
  readonly #groups = new Map<number, Group>();

  get size(): number {
    return this.#groups.size;
  }

  get(node: number): Group | undefined {
    return this.#groups.get(node);
  }

  /** Whether the group of a node can take another member. */
  hasRoom(node: number): boolean {
    return (this.#groups.get(node)?.alive ?? 0) < MAX_MEMBERS;
  }

  /** @param cosine similarity of the row and the node */
  add(node: number, seq: number, cosine: number): void {
    let group = this.#groups.get(node);
    if (group === undefined) {
      group = { seqs: [], alive: 0, angle: 0, isNodeAlive: true };
      this.#groups.set(node, group);
    }
    group.seqs.push(seq);
    group.alive++;
    group.angle = Math.max(group.angle, Math.acos(Math.min(1, cosine)));
  }

  /** Records that a node's own row was removed. Returns whether the node is still needed to reach its members. */
  removeNode(node: number): boolean {
    const group = this.#groups.get(node);
    if (group === undefined) {
      return false;
    }
    group.isNodeAlive = false;
    return true;
  }

  /**
   * Removes a member.
   *
   * @param isThere whether a member still exists; called occasionally, to drop the others
   * @returns whether the node is still needed
   */
  removeMember(node: number, isThere: (seq: number) => boolean): boolean {
    const group = this.#groups.get(node)!;
    group.alive--;
    if (group.alive === 0) {
      this.#groups.delete(node);
      return group.isNodeAlive;
    }
    if (group.seqs.length > 2 * group.alive) {
      group.seqs = group.seqs.filter(isThere);
    }
    return true;
  }

  /** Samples about `size` rows, members and nodes, from random groups. */
  sample(size: number): number[] {
    const nodes = [...this.#groups.keys()];
    return Array.from({ length: nodes.length === 0 ? 0 : size }, (_, i) => {
      const node = nodes[Math.floor(Math.random() * nodes.length)]!;
      const { seqs } = this.#groups.get(node)!;
      return i % 2 === 0 ? node : seqs[Math.floor(Math.random() * seqs.length)]!;
    });
  }

  /** Sequence numbers of each member with its node, for saving. */
  *pairs(): Generator<[node: number, member: number]> {
    for (const [node, { seqs }] of this.#groups) {
      for (const seq of seqs) {
        yield [node, seq];
      }
    }
  }
}

/** Bounds the similarity of any member to the query. `cosine` is that of the query and the node. */
export function findBestOfGroup(group: Group, cosine: number): number {
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine))) - group.angle;
  return Math.cos(Math.max(0, angle)) + TOLERANCE;
}
