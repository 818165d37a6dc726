/**
 * The rows of one collection in memory: unit vectors in blocks, with ids and labels. They serve exact searches and
 * feed the graph. The slot of a deleted row is reused, so memory depends on the peak size.
 */
import type { TopK } from '../../../math/top-k.js';
import { LANES } from '../../../wasm/dot-products.js';
import type { LabelCount } from '../../records.js';
import { allocateBlock, BLOCK_BYTES, type Block, freeBlocks } from './arena.js';
import { Ids } from './ids.js';
import { resizeArray } from './resize-array.js';
import { SeqMap } from './seq-map.js';

/** A row with its score. */
export interface Scored {
  /** Sequence number of the item. */
  seq: number;
  /** Cosine similarity, -1..1. */
  similarity: number;
}

/** Ranks rows, best first; equal scores in order of insertion into the store. */
export function rankScored(top: TopK): Scored[] {
  return top
    .rank()
    .map(({ id, score }) => ({ seq: id, similarity: Math.max(-1, Math.min(1, score)) }))
    .sort((a, b) => b.similarity - a.similarity || a.seq - b.seq);
}

export class Rows {
  readonly dimension: number;
  readonly #stride: number;
  readonly #perBlock: number;
  readonly #blocks: Block[] = [];
  readonly #slots = new SeqMap();
  /** Sequence number per slot; 0 marks a free slot. */
  #seqs = new Float64Array(1024);
  readonly ids = new Ids();
  /** Index in {@link #labels} of each slot's label. */
  #labelAt = new Uint32Array(1024);
  readonly #labels: (string | null)[] = [];
  /** Number of rows with each of the {@link #labels}. */
  readonly #labelCounts: number[] = [];
  readonly #numberOf = new Map<string | null, number>();
  #end = 0;
  readonly #free: number[] = [];

  /** @param dimension length of every vector */
  constructor(dimension: number) {
    this.dimension = dimension;
    this.#stride = Math.ceil(dimension / LANES) * LANES;
    this.#perBlock = Math.floor(BLOCK_BYTES / 4 / this.#stride);
  }

  get count(): number {
    return this.#slots.size;
  }

  /** Number of slots, used and free: the range of a full scan. */
  get slots(): number {
    return this.#end;
  }

  /** Counts the rows of each label that has any. */
  countLabels(): LabelCount[] {
    return this.#labels
      .map((label, number) => ({ label, count: this.#labelCounts[number]! }))
      .filter(({ count }) => count > 0);
  }

  has(seq: number): boolean {
    return this.findSlot(seq) !== -1;
  }

  /** All sequence numbers, ascending: the order in which items were put. */
  listSeqs(): Float64Array {
    return this.#slots.keys();
  }

  /** Adds a row. `vector` is float32 [dimension], of length 1. */
  add(seq: number, id: string, label: string | null, vector: Float32Array): void {
    const slot = this.#free.pop() ?? this.#end++;
    if (slot === this.#blocks.length * this.#perBlock) {
      this.#blocks.push(allocateBlock());
    }
    if (slot === this.#seqs.length) {
      this.#grow(slot * 2);
    }
    this.#block(slot).write(slot % this.#perBlock, this.#stride, vector);
    this.#seqs[slot] = seq;
    this.ids.set(slot, id);
    this.#setLabel(slot, label);
    this.#slots.set(seq, slot);
  }

  /** @returns false if the row does not exist */
  remove(seq: number): boolean {
    const slot = this.#slots.get(seq);
    if (slot === -1) {
      return false;
    }
    this.#labelCounts[this.#labelAt[slot]!]!--;
    this.#slots.delete(seq);
    this.#seqs[slot] = 0;
    this.#free.push(slot);
    return true;
  }

  relabel(seq: number, label: string | null): void {
    const slot = this.#slots.get(seq);
    if (slot !== -1) {
      this.#labelCounts[this.#labelAt[slot]!]!--;
      this.#setLabel(slot, label);
    }
  }

  /** Sequence number of the row in a slot; 0 for a free slot. */
  getSeq(slot: number): number {
    return this.#seqs[slot]!;
  }

  /** The slot of a row, or -1. */
  findSlot(seq: number): number {
    return this.#slots.get(seq);
  }

  /** The number of a slot's label, which {@link getLabel} resolves. */
  getLabelNumber(slot: number): number {
    return this.#labelAt[slot]!;
  }

  getLabel(number: number): string | null {
    return this.#labels[number]!;
  }

  /** Copies a row's unit vector into `target` [dimension]. Returns false if the row does not exist. */
  read(seq: number, target: number[]): boolean {
    const slot = this.#slots.get(seq);
    if (slot === -1) {
      return false;
    }
    this.#block(slot).read(slot % this.#perBlock, this.#stride, target);
    return true;
  }

  /** Pads a unit vector with zeros, as scans require. */
  pad(query: Float32Array): Float32Array {
    const padded = new Float32Array(this.#stride);
    padded.set(query);
    return padded;
  }

  /** Scores the rows in slots `from` (inclusive) to `to` (exclusive). */
  scan(query: Float32Array, from: number, to: number, top: TopK): void {
    for (let slot = from; slot < to; ) {
      const inBlock = slot % this.#perBlock;
      const count = Math.min(this.#perBlock - inBlock, to - slot);
      const scores = this.#block(slot).score(query, inBlock, count, this.#stride);
      const seqs = this.#seqs;
      let { threshold } = top;
      for (let i = 0; i < count; i++) {
        const score = scores[i]!;
        if (score < threshold || seqs[slot + i] === 0) {
          continue;
        }
        top.push(seqs[slot + i]!, score);
        threshold = top.threshold;
      }
      slot += count;
    }
  }

  /** Scores those of the given rows that exist. */
  scanRows(query: Float32Array, seqs: ArrayLike<number>, from: number, to: number, top: TopK): void {
    for (let i = from; i < to; ) {
      const first = this.#slots.get(seqs[i++]!);
      if (first === -1) {
        continue;
      }
      let next = first + 1;
      while (i < to && this.#slots.get(seqs[i]!) === next) {
        next++;
        i++;
      }
      this.scan(query, first, next, top);
    }
  }

  /** Releases the memory. Call nothing afterwards. */
  release(): void {
    freeBlocks(this.#blocks.splice(0));
  }

  #block(slot: number): Block {
    return this.#blocks[Math.floor(slot / this.#perBlock)]!;
  }

  #setLabel(slot: number, label: string | null): void {
    let number = this.#numberOf.get(label);
    if (number === undefined) {
      number = this.#labels.push(label) - 1;
      this.#labelCounts.push(0);
      this.#numberOf.set(label, number);
    }
    this.#labelAt[slot] = number;
    this.#labelCounts[number]!++;
  }

  #grow(slots: number): void {
    this.#seqs = resizeArray(this.#seqs, slots);
    this.#labelAt = resizeArray(this.#labelAt, slots);
  }
}
