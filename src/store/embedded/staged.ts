/** A graph with the rows that wait to be inserted into it, in order of their sequence numbers. */
import type { Graph } from './graph.js';
import type { Rows } from './rows.js';
import type { Scored } from './top-k.js';
import { scaleOf } from './vectors.js';
import type { HitPacker } from './wire.js';

/** Consumed entries that are kept before the queue is copied. */
const SLACK = 65_536;

export class Staged {
  readonly graph: Graph;
  readonly #rows: Rows;
  readonly #point: number[];
  #queue: number[];
  #head = 0;
  #removed: number[] = [];

  /** @param queue sequence numbers above the graph's last, ascending; taken over */
  constructor(graph: Graph, rows: Rows, queue: number[]) {
    this.graph = graph;
    this.#rows = rows;
    this.#queue = queue;
    // Packed: reading an array that may have holes takes hnswlib a tenth longer.
    this.#point = Array.from({ length: rows.dimension }, () => 0.5);
  }

  /** Rows still to be inserted. */
  get pending(): number {
    return this.#queue.length - this.#head;
  }

  /** The waiting rows as they are now: entries `from` to `to` of an array that is only ever appended to. */
  get waiting(): { seqs: readonly number[]; from: number; to: number } {
    return { seqs: this.#queue, from: this.#head, to: this.#queue.length };
  }

  /** The nearest rows of the graph, about. @param unit float32 [dimension] of length 1 */
  search(unit: Float32Array, k: number, ef: number): Scored[] {
    const { graph } = this;
    const { neighbors, distances } = graph.nearest(unit, 0, 1, k, ef);
    return neighbors.map((label, i) => ({
      seq: label + graph.base,
      similarity: graph.similarity(distances[i]!),
    }));
  }

  /**
   * Packs the nearest `k` rows of the graph, about, without an object for each: those took longer than a search.
   *
   * @param vectors float32, queries one after the other
   * @param from where this one starts
   * @returns false, with nothing packed, when rows wait that are not in the graph, or it does not find as many
   * @throws PawdexError `vector_invalid`
   */
  pack(vectors: Float32Array, from: number, k: number, ef: number, packer: HitPacker): boolean {
    if (this.pending > 0) return false;
    const { graph } = this;
    const scale = scaleOf(vectors, from, this.#rows.dimension);
    const { neighbors, distances } = graph.nearest(vectors, from, scale, k, ef);
    if (neighbors.length < k) return false;
    for (let i = 0; i < k; i++) {
      if (packer.add(neighbors[i]! + graph.base, graph.similarity(distances[i]!))) continue;
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
    if (seq > this.graph.lastSeq) return;
    if (this.graph.frozen) this.#removed.push(seq);
    else this.graph.remove(seq);
  }

  /** Inserts waiting rows until the time (of `performance.now()`) is up. @returns how many */
  insert(until: number): number {
    if (this.graph.frozen) return 0;
    for (const seq of this.#removed.splice(0)) this.graph.remove(seq);
    let inserted = 0;
    while (this.pending > 0 && performance.now() < until) {
      const seq = this.#queue[this.#head++]!;
      if (this.#rows.read(seq, this.#point)) {
        this.graph.add(seq, this.#point);
        inserted++;
      }
      this.graph.lastSeq = seq;
    }
    if (this.#head > SLACK && this.#head > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return inserted;
  }
}
