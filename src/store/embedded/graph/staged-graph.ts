/**
 * A graph and what it needs to answer for all rows of a collection: groups of rows that share a node, rows that are still to
 * be inserted, and deletions that wait while the graph is saved.
 */
import type { HitPacker } from '../vectors/packed-hits.js';
import type { Rows, Scored } from '../vectors/rows.js';
import { SeqMap } from '../vectors/seq-map.js';
import { computeScale } from '../vectors/unit-vector.js';
import { CrowdFinder } from './crowd-finder.js';
import { chooseRank, isFlat } from './flat-result.js';
import type { Graph } from './graph.js';
import { findBestOfGroup, type Group, Groups } from './groups.js';

/** Maximum number of consumed entries of the queue before the rest is copied. */
const MAX_CONSUMED = 65_536;
/** Candidates (ef) when a search is repeated because its result was flat. */
const DEEP_EF = 768;
/** Latest rows that are remembered for the recall check. */
const RECENT_ROWS = 64;

/** The result of searching a graph. */
export interface Found {
  /** Approximately the nearest nodes, nearest first; may include deleted rows. */
  nodes: Scored[];
  /** Groups that may hold nearer rows, with an upper bound of their similarity. */
  groups: { seqs: readonly number[]; best: number }[];
  /** Whether the search may have missed the nearest rows (flat-result.ts). */
  isFlat: boolean;
}

export class StagedGraph {
  /** Every row up to this sequence number was placed, or deleted before that. */
  lastSeq: number;
  /** Number of rows when the graph was started; 0 for a graph loaded from disk. */
  readonly builtFrom: number;
  /** Rows placed in this graph, and removed from it, since it was created or loaded. */
  changes = 0;
  /** {@link changes} when the file on disk was written. */
  #saved = 0;
  readonly #rows: Rows;
  readonly groups = new Groups();
  /** Label of the node of each placed row: its own, or that of its group. */
  readonly #nodeOf = new SeqMap();
  readonly #recent: number[] = [];
  readonly #point: number[];
  #queue: number[];
  #head = 0;
  #removed: number[] = [];
  readonly #crowds: CrowdFinder;

  /**
   * @param queue sequence numbers of rows to insert; owned by this object from now on
   * @param builtFrom see {@link builtFrom}
   * @param expectsCrowds whether to check every row for a crowd from the start
   */
  constructor(
    readonly graph: Graph,
    rows: Rows,
    queue: number[],
    { builtFrom, expectsCrowds }: { builtFrom: number; expectsCrowds: boolean },
  ) {
    this.builtFrom = builtFrom;
    this.lastSeq = graph.base;
    this.#rows = rows;
    this.#queue = queue;
    this.#crowds = new CrowdFinder(graph, this.groups, expectsCrowds);
    // Filled, since hnswlib takes a tenth longer to read an array that may have holes.
    this.#point = Array.from({ length: rows.dimension }, () => 0.5);
  }

  /** Rows still to be inserted. */
  get pending(): number {
    return this.#queue.length - this.#head;
  }

  /** Rows that searches can find, as a node or in a group. */
  get placed(): number {
    return this.#nodeOf.size;
  }

  /** Changes since the graph was last saved. */
  get unsaved(): number {
    return this.changes - this.#saved;
  }

  /** Records that a file with the first `changes` changes was written. */
  markSaved(changes: number): void {
    this.#saved = changes;
  }

  /** The rows that wait now: entries `from` to `to` of an array that is only ever appended to. */
  get waiting(): { seqs: readonly number[]; from: number; to: number } {
    return { seqs: this.#queue, from: this.#head, to: this.#queue.length };
  }

  /** The rows placed last; some may have been deleted. */
  get recent(): readonly number[] {
    return this.#recent;
  }

  /** Whether crowds were found. */
  get isCrowded(): boolean {
    return this.#crowds.isCrowded;
  }

  /** Whether searches can find a row, as a node or in a group. */
  has(seq: number): boolean {
    return this.#nodeOf.get(seq) !== -1;
  }

  /** Whether a row is itself a node. */
  isNode(seq: number): boolean {
    return this.#nodeOf.get(seq) === seq - this.graph.base;
  }

  /**
   * Finds approximately the nearest rows.
   *
   * @param unit float32 [dimension] of length 1
   * @param isRepeatedIfFlat whether a flat result is followed by a search with more candidates
   */
  search(unit: Float32Array, k: number, ef: number, isRepeatedIfFlat: boolean): Found {
    const { graph } = this;
    // Deleted rows that are not marked yet may be among the results.
    const wanted = this.#countWantedNodes(k, ef) + this.#removed.length;
    let { neighbors, distances } = graph.findNearest(unit, 0, 1, wanted, Math.max(ef, wanted));
    const isResultFlat = isFlat(graph, distances, ef, this.#hasGroups);
    if (isResultFlat && isRepeatedIfFlat) {
      ({ neighbors, distances } = graph.findNearest(unit, 0, 1, wanted, Math.max(DEEP_EF, wanted)));
    }
    // The nodes beyond these only tell whether the result is flat.
    const used = this.#hasGroups ? neighbors : neighbors.slice(0, k + this.#removed.length);
    const nodes = used.map((label, i) => ({
      seq: label + graph.base,
      similarity: graph.toSimilarity(distances[i]!),
    }));
    return { nodes, groups: this.#hasGroups ? this.#findGroupsNear(nodes, k) : [], isFlat: isResultFlat };
  }

  /**
   * Packs approximately the nearest `k` rows without creating an object for each, which would take longer than the
   * search.
   *
   * @param vectors float32, queries back to back
   * @param from where this one starts
   * @returns false, with nothing packed, if one search of the graph is not enough
   * @throws PawdexError vector_invalid
   */
  pack(vectors: Float32Array, from: number, k: number, ef: number, packer: HitPacker): boolean {
    if (this.pending > 0) {
      return false;
    }
    const { graph } = this;
    const scale = computeScale(vectors, from, this.#rows.dimension);
    const { neighbors, distances } = graph.findNearest(
      vectors,
      from,
      scale,
      this.#countWantedNodes(k, ef),
      ef,
    );
    if (neighbors.length < k || isFlat(graph, distances, ef, this.#hasGroups)) {
      return false;
    }
    if (this.#hasGroups && this.#isNearGroup(neighbors, distances, k)) {
      return false;
    }
    for (let i = 0; i < k; i++) {
      if (!packer.add(neighbors[i]! + graph.base, graph.toSimilarity(distances[i]!))) {
        packer.dropQuery();
        return false;
      }
    }
    return true;
  }

  /** Queues a row that is newer than all others. */
  enqueue(seq: number): void {
    this.#queue.push(seq);
  }

  /** Removes a row that was removed from {@link Rows}. */
  remove(seq: number): void {
    if (!this.has(seq)) {
      return;
    }
    this.changes++;
    if (this.graph.isFrozen) {
      this.#removed.push(seq);
    } else {
      this.#unplace(seq);
    }
  }

  markRemoved(): void {
    if (this.graph.isFrozen || this.#removed.length === 0) {
      return;
    }
    for (const seq of this.#removed.splice(0)) {
      this.#unplace(seq);
    }
  }

  /** Inserts waiting rows until `performance.now()` reaches `until`. */
  insert(until: number): void {
    if (this.graph.isFrozen) {
      return;
    }
    while (this.pending > 0 && performance.now() < until) {
      const seq = this.#queue[this.#head++]!;
      if (this.#rows.read(seq, this.#point)) {
        this.#place(seq);
      }
      this.lastSeq = Math.max(this.lastSeq, seq);
    }
    if (this.#head > MAX_CONSUMED && this.#head > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Adds a node of a saved graph, and the rows of its group with their similarity to the node. */
  restore(node: number, members: { seq: number; cosine: number }[]): void {
    const isNodeAlive = this.#rows.has(node);
    if (isNodeAlive) {
      this.#nodeOf.set(node, node - this.graph.base);
    }
    for (const { seq, cosine } of members) {
      this.groups.add(node, seq, cosine);
      this.#nodeOf.set(seq, node - this.graph.base);
    }
    if (!isNodeAlive && !this.groups.removeNode(node)) {
      this.graph.remove(node);
    }
  }

  #place(seq: number): void {
    const { base } = this.graph;
    const joined = this.#crowds.find(this.#point);
    if (joined === null) {
      this.graph.add(seq, this.#point);
    } else {
      this.groups.add(joined.node, seq, joined.cosine);
    }
    this.#nodeOf.set(seq, (joined?.node ?? seq) - base);
    this.#recent[this.changes++ % RECENT_ROWS] = seq;
  }

  #unplace(seq: number): void {
    const node = this.#nodeOf.get(seq) + this.graph.base;
    this.#nodeOf.delete(seq);
    const isNeeded =
      node === seq
        ? this.groups.removeNode(node)
        : this.groups.removeMember(node, (member) => this.has(member));
    if (!isNeeded) {
      this.graph.remove(node);
    }
  }

  get #hasGroups(): boolean {
    return this.groups.size > 0;
  }

  /** Number of nodes to search for: enough to recognise a flat result; with groups, all that the search has seen. */
  #countWantedNodes(k: number, ef: number): number {
    const enough = Math.max(k, chooseRank(ef, this.#hasGroups));
    return this.#hasGroups ? Math.max(enough, ef) : enough;
  }

  /** Whether a member of a group may be among the nearest `k`. */
  #isNearGroup(neighbors: number[], distances: number[], k: number): boolean {
    const { graph } = this;
    const last = graph.toSimilarity(distances[k - 1]!);
    return neighbors.some((label, i) => {
      const group = this.groups.get(label + graph.base);
      return group !== undefined && findBestOfGroup(group, graph.toSimilarity(distances[i]!)) >= last;
    });
  }

  /** The groups that may hold one of the nearest `k` rows. */
  #findGroupsNear(nodes: Scored[], k: number): Found['groups'] {
    const near: { group: Group; best: number }[] = [];
    for (const { seq, similarity } of nodes) {
      const group = this.groups.get(seq);
      if (group !== undefined) {
        near.push({ group, best: findBestOfGroup(group, similarity) });
      }
    }
    // Deleted rows do not count, whether or not they are marked yet.
    const last = nodes.filter(({ seq }) => this.#rows.has(seq))[k - 1]?.similarity ?? -1;
    return near.filter(({ best }) => best >= last).map(({ group, best }) => ({ seqs: group.seqs, best }));
  }
}
