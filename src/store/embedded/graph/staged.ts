/**
 * A graph with everything it needs to answer for the rows of a collection: the groups of rows that share a node, the
 * rows that still wait to be inserted, and the deletions that wait because the graph is being saved.
 */

import type { HitPacker } from '../vectors/packed-hits.js';
import type { Rows } from '../vectors/rows.js';
import type { Scored } from '../vectors/scored.js';
import { SeqMap } from '../vectors/seq-map.js';
import { computeScale } from '../vectors/unit-vector.js';
import { CrowdFinder } from './crowd-finder.js';
import { isFlat, rankForFlatness } from './flat-result.js';
import type { Graph } from './graph.js';
import { findBestOfGroup, type Group, Groups } from './groups.js';

/** Consumed entries that are kept before the queue is copied. */
const SLACK = 65_536;
/** Candidates kept (ef) when a search is repeated because its result was flat. */
const DEEP_EF = 768;
/** Rows placed last that are remembered, for the recall check. */
const RECENT = 64;

/** What a graph finds. */
export interface Found {
  /** The nearest rows among the nodes, about, nearest first; rows that were deleted may be among them. */
  nodes: Scored[];
  /** Groups that may hold nearer rows, with the highest similarity that a member can have. */
  groups: { seqs: readonly number[]; best: number }[];
  /** Whether the search may have missed the nearest rows, see flat-result.ts. */
  isFlat: boolean;
}

export class Staged {
  readonly graph: Graph;
  /** Every row up to this sequence number was placed, unless it was deleted before it came to that. */
  lastSeq: number;
  /** How many rows there were when the graph was started; 0 for one that was read. */
  readonly builtFrom: number;
  /** Rows placed in this graph, and removed from it, since it was made or read. */
  changes = 0;
  /** {@link changes} when the file was written that is on the disk. */
  #saved = 0;
  readonly #rows: Rows;
  readonly #groups = new Groups();
  /** Label of the node that each placed row has: its own, or that of its group. */
  readonly #nodeOf = new SeqMap();
  readonly #recent: number[] = [];
  readonly #point: number[];
  #queue: number[];
  #head = 0;
  #removed: number[] = [];
  readonly #crowds: CrowdFinder;

  /**
   * @param queue sequence numbers of rows to insert; taken over
   * @param builtFrom see {@link builtFrom}
   * @param isCrowded whether crowds are expected, so that every row is checked for one
   */
  constructor(
    graph: Graph,
    rows: Rows,
    queue: number[],
    { builtFrom, isCrowded }: { builtFrom: number; isCrowded: boolean },
  ) {
    this.graph = graph;
    this.builtFrom = builtFrom;
    this.lastSeq = graph.base;
    this.#rows = rows;
    this.#queue = queue;
    this.#crowds = new CrowdFinder(graph, this.#groups, isCrowded);
    // Packed: reading an array that may have holes takes hnswlib a tenth longer.
    this.#point = Array.from({ length: rows.dimension }, () => 0.5);
  }

  /** Rows still to be inserted. */
  get pending(): number {
    return this.#queue.length - this.#head;
  }

  /** Rows that the graph finds, directly or in a group. */
  get placed(): number {
    return this.#nodeOf.size;
  }

  /** Changes that the file lacks. */
  get unsaved(): number {
    return this.changes - this.#saved;
  }

  /** Notes that a file with the first `changes` of them was written. */
  savedAt(changes: number): void {
    this.#saved = changes;
  }

  /** The waiting rows as they are now: entries `from` to `to` of an array that is only ever appended to. */
  get waiting(): { seqs: readonly number[]; from: number; to: number } {
    return { seqs: this.#queue, from: this.#head, to: this.#queue.length };
  }

  /** The rows placed last; some may be gone. */
  get recent(): readonly number[] {
    return this.#recent;
  }

  /** Whether crowds were met. */
  get isCrowded(): boolean {
    return this.#crowds.isCrowded;
  }

  get groups(): Groups {
    return this.#groups;
  }

  /** Whether the graph finds a row, directly or in a group. */
  holds(seq: number): boolean {
    return this.#nodeOf.get(seq) !== -1;
  }

  /** Whether a row is a node itself. */
  isNode(seq: number): boolean {
    return this.#nodeOf.get(seq) === seq - this.graph.base;
  }

  /** The nearest rows of the graph, about. @param unit float32 [dimension] of length 1 */
  search(unit: Float32Array, k: number, ef: number): Found {
    const { graph } = this;
    // Deleted rows that are not marked yet take up places.
    const wanted = this.#breadth(k, ef) + this.#removed.length;
    let { neighbors, distances } = graph.nearest(unit, 0, 1, wanted, Math.max(ef, wanted));
    const flat = isFlat(graph, distances, ef, this.#hasGroups);
    if (flat) {
      ({ neighbors, distances } = graph.nearest(unit, 0, 1, wanted, Math.max(DEEP_EF, wanted)));
    }
    const nodes = neighbors.map((label, i) => ({
      seq: label + graph.base,
      similarity: graph.similarity(distances[i]!),
    }));
    return { nodes, groups: this.#hasGroups ? this.#groupsNear(nodes, k) : [], isFlat: flat };
  }

  /**
   * Packs the nearest `k` rows of the graph, about, without an object for each: those took longer than a search.
   *
   * @param vectors float32, queries one after the other
   * @param from where this one starts
   * @returns false, with nothing packed, when more has to be done than to ask the graph once
   * @throws PawdexError `vector_invalid`
   */
  pack(vectors: Float32Array, from: number, k: number, ef: number, packer: HitPacker): boolean {
    if (this.pending > 0) {
      return false;
    }
    const { graph } = this;
    const scale = computeScale(vectors, from, this.#rows.dimension);
    const { neighbors, distances } = graph.nearest(vectors, from, scale, this.#breadth(k, ef), ef);
    if (neighbors.length < k || isFlat(graph, distances, ef, this.#hasGroups)) {
      return false;
    }
    if (this.#hasGroups && this.#isNearGroup(neighbors, distances, k)) {
      return false;
    }
    for (let i = 0; i < k; i++) {
      if (packer.add(neighbors[i]! + graph.base, graph.similarity(distances[i]!))) {
        continue;
      }
      packer.drop(i);
      return false;
    }
    return true;
  }

  /** A new row, newer than all before. */
  enqueue(seq: number): void {
    this.#queue.push(seq);
  }

  /** A row that is gone from {@link Rows}. */
  remove(seq: number): void {
    if (!this.holds(seq)) {
      return;
    }
    this.changes++;
    if (this.graph.frozen) {
      this.#removed.push(seq);
    } else {
      this.#unplace(seq);
    }
  }

  /** Marks the rows that were removed while the graph was frozen. */
  markRemoved(): void {
    if (this.graph.frozen || this.#removed.length === 0) {
      return;
    }
    for (const seq of this.#removed.splice(0)) {
      this.#unplace(seq);
    }
  }

  /** Inserts waiting rows until the time (of `performance.now()`) is up. */
  insert(until: number): void {
    if (this.graph.frozen) {
      return;
    }
    while (this.pending > 0 && performance.now() < until) {
      const seq = this.#queue[this.#head++]!;
      if (this.#rows.read(seq, this.#point)) {
        this.#place(seq);
      }
      this.lastSeq = Math.max(this.lastSeq, seq);
    }
    if (this.#head > SLACK && this.#head > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Takes over a node of a saved graph. @param members rows of its group with their similarity to the node */
  restore(node: number, members: { seq: number; cosine: number }[]): void {
    const isNodeAlive = this.#rows.has(node);
    if (isNodeAlive) {
      this.#nodeOf.set(node, node - this.graph.base);
    }
    for (const { seq, cosine } of members) {
      this.#groups.add(node, seq, cosine);
      this.#nodeOf.set(seq, node - this.graph.base);
    }
    if (!isNodeAlive && !this.#groups.removeNode(node)) {
      this.graph.remove(node);
    }
  }

  #place(seq: number): void {
    const { base } = this.graph;
    const joined = this.#crowds.find(this.#point);
    if (joined === null) {
      this.graph.add(seq, this.#point);
    } else {
      this.#groups.add(joined.node, seq, joined.cosine);
    }
    this.#nodeOf.set(seq, (joined?.node ?? seq) - base);
    this.#recent[this.changes++ % RECENT] = seq;
  }

  #unplace(seq: number): void {
    const node = this.#nodeOf.get(seq) + this.graph.base;
    this.#nodeOf.delete(seq);
    const isNeeded =
      node === seq
        ? this.#groups.removeNode(node)
        : this.#groups.removeMember(node, (member) => this.holds(member));
    if (!isNeeded) {
      this.graph.remove(node);
    }
  }

  get #hasGroups(): boolean {
    return this.#groups.size > 0;
  }

  /** Nodes to ask for: enough to tell whether the result is flat, and for groups all that the search has seen. */
  #breadth(k: number, ef: number): number {
    const enough = Math.max(k, rankForFlatness(this.#hasGroups));
    return this.#hasGroups ? Math.max(enough, ef) : enough;
  }

  /** Whether a member of a group may be among the nearest `k`. */
  #isNearGroup(neighbors: number[], distances: number[], k: number): boolean {
    const { graph } = this;
    const last = graph.similarity(distances[k - 1]!);
    return neighbors.some((label, i) => {
      const group = this.#groups.get(label + graph.base);
      return group !== undefined && findBestOfGroup(group, graph.similarity(distances[i]!)) >= last;
    });
  }

  /** The groups that may hold one of the nearest `k` rows. */
  #groupsNear(nodes: Scored[], k: number): Found['groups'] {
    const near: { group: Group; best: number }[] = [];
    for (const { seq, similarity } of nodes) {
      const group = this.#groups.get(seq);
      if (group !== undefined) {
        near.push({ group, best: findBestOfGroup(group, similarity) });
      }
    }
    // Deleted rows are no hits, whether or not they are marked yet.
    const last = nodes.filter(({ seq }) => this.#rows.has(seq))[k - 1]?.similarity ?? -1;
    return near.filter(({ best }) => best >= last).map(({ group, best }) => ({ seqs: group.seqs, best }));
  }
}
