/**
 * Rows that share a node of the graph. hnswlib gives each node a fixed number of links, nearest first, so a crowd of
 * equal or nearly equal vectors spends them all on itself and cuts the rest of the graph off. Only the first few rows of
 * a crowd therefore become nodes; the others are members of the group of the nearest node, and are scanned exactly
 * when a search comes near it. This file keeps the groups; which rows join one is decided in staged.ts.
 */

/** Members a group may have: scanning them takes 0.2 ms. */
const MAX_MEMBERS = 4096;
/** What float32 may be off by when angles are compared. */
const TOLERANCE = 1e-6;

/** The rows beside one node. */
export interface Group {
  /** Sequence numbers of the members, in order of joining; those of removed rows may be among them. */
  seqs: number[];
  /** Members that were not removed. */
  alive: number;
  /** Largest angle between the node and a member, in radians. */
  angle: number;
  /** Whether the node's own row is there. If not, the node only leads to the members. */
  isNodeAlive: boolean;
}

export class Groups {
  /** By the sequence number of the node. */
  readonly #groups = new Map<number, Group>();
  #members = 0;

  /** Groups there are. */
  get size(): number {
    return this.#groups.size;
  }

  /** Rows in all groups, not counting the nodes. */
  get members(): number {
    return this.#members;
  }

  get(node: number): Group | undefined {
    return this.#groups.get(node);
  }

  /** Whether a row may join the group of a node. */
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
    this.#members++;
  }

  /** Notes that a node's own row is gone. @returns whether the node is still needed to reach its members */
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
   * @param isThere tells which members are still there; used now and then to forget the others
   * @returns whether the node is still needed
   */
  removeMember(node: number, isThere: (seq: number) => boolean): boolean {
    const group = this.#groups.get(node)!;
    this.#members--;
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

  /** About `size` rows from groups, members and nodes, from as many groups as possible. */
  sample(size: number): number[] {
    const nodes = [...this.#groups.keys()];
    return Array.from({ length: nodes.length === 0 ? 0 : size }, (_, i) => {
      const node = nodes[Math.floor(Math.random() * nodes.length)]!;
      const { seqs } = this.#groups.get(node)!;
      return i % 2 === 0 ? node : seqs[Math.floor(Math.random() * seqs.length)]!;
    });
  }

  /** Sequence numbers of nodes and members in turns, for the file. */
  *pairs(): Generator<[node: number, member: number]> {
    for (const [node, { seqs }] of this.#groups) {
      for (const seq of seqs) {
        yield [node, seq];
      }
    }
  }
}

/** The highest similarity to the query that a member can have. @param cosine similarity of the query and the node */
export function findBestOfGroup(group: Group, cosine: number): number {
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine))) - group.angle;
  return Math.cos(Math.max(0, angle)) + TOLERANCE;
}
