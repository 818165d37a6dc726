/**
 * The rows of one collection in memory: normalised vectors in blocks, with id and label. It answers exact
 * searches and feeds the graph. A deleted row's slot is used again, so memory follows the peak size.
 */

import type { TopK } from '../../../math/top-k.js';
import { LANES } from '../../../wasm/dot-products.js';
import { allocateBlock, BLOCK_BYTES, type Block, freeBlocks } from './arena.js';
import { Ids } from './ids.js';
import { resizeArray } from './resized.js';
import { SeqMap } from './seq-map.js';

export class Rows {
  readonly dimension: number;
  readonly #stride: number;
  readonly #perBlock: number;
  readonly #blocks: Block[] = [];
  readonly #slots = new SeqMap();
  /** Sequence number per slot; 0 marks a free slot. */
  #seqs = new Float64Array(1024);
  readonly ids = new Ids();
  /** Place in {@link #labels} of each slot's label. */
  #labelAt = new Uint32Array(1024);
  readonly #labels: (string | null)[] = [];
  readonly #placeOf = new Map<string | null, number>();
  readonly #labelCounts = new Map<string | null, number>();
  #end = 0;
  readonly #free: number[] = [];

  /** @param dimension length of every vector */
  constructor(dimension: number) {
    this.dimension = dimension;
    this.#stride = Math.ceil(dimension / LANES) * LANES;
    this.#perBlock = Math.floor(BLOCK_BYTES / 4 / this.#stride);
  }

  /** Rows held. */
  get count(): number {
    return this.#slots.size;
  }

  /** Slots in use or free: the range of a full scan. */
  get slots(): number {
    return this.#end;
  }

  /** Rows per label. */
  get labelCounts(): ReadonlyMap<string | null, number> {
    return this.#labelCounts;
  }

  has(seq: number): boolean {
    return this.slot(seq) !== -1;
  }

  /** All sequence numbers, ascending: the order in which items were put. */
  sequence(): Float64Array {
    return this.#slots.keys();
  }

  /** Adds a row. @param vector a unit vector, float32 [dimension] */
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
    this.#labelAt[slot] = this.#place(label);
    this.#slots.set(seq, slot);
    this.#countLabel(label, 1);
  }

  /** @returns false when there is no such row */
  remove(seq: number): boolean {
    const slot = this.#slots.get(seq);
    if (slot === -1) {
      return false;
    }
    this.#countLabel(this.label(this.labelAt(slot)), -1);
    this.#slots.delete(seq);
    this.#seqs[slot] = 0;
    this.#free.push(slot);
    return true;
  }

  relabel(seq: number, label: string | null): void {
    const slot = this.#slots.get(seq);
    if (slot === -1) {
      return;
    }
    this.#countLabel(this.label(this.labelAt(slot)), -1);
    this.#countLabel(label, 1);
    this.#labelAt[slot] = this.#place(label);
  }

  /** Sequence number of the row in a slot; 0 when the slot is free. */
  seqAt(slot: number): number {
    return this.#seqs[slot]!;
  }

  /** Where a row is kept until it is removed, or -1. */
  slot(seq: number): number {
    return this.#slots.get(seq);
  }

  /** Number of the label of a slot in use, for {@link label}. */
  labelAt(slot: number): number {
    return this.#labelAt[slot]!;
  }

  label(number: number): string | null {
    return this.#labels[number]!;
  }

  /** Copies a row's unit vector into `target` [dimension]. @returns false when there is no such row */
  read(seq: number, target: number[]): boolean {
    const slot = this.#slots.get(seq);
    if (slot === -1) {
      return false;
    }
    this.#block(slot).read(slot % this.#perBlock, this.#stride, target);
    return true;
  }

  /** A query as the scans take it: normalised by the caller, padded with zeros. */
  pad(query: Float32Array): Float32Array {
    const padded = new Float32Array(this.#stride);
    padded.set(query);
    return padded;
  }

  /** Offers all rows of the slots `from` (inclusive) to `to` (exclusive) to `top`. */
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

  /** Offers the named rows, those that are there, to `top`. */
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

  /** Gives the memory back; nothing may be called afterwards. */
  release(): void {
    freeBlocks(this.#blocks.splice(0));
  }

  #block(slot: number): Block {
    return this.#blocks[Math.floor(slot / this.#perBlock)]!;
  }

  #countLabel(label: string | null, change: number): void {
    const count = (this.#labelCounts.get(label) ?? 0) + change;
    if (count === 0) {
      this.#labelCounts.delete(label);
    } else {
      this.#labelCounts.set(label, count);
    }
  }

  #place(label: string | null): number {
    let place = this.#placeOf.get(label);
    if (place === undefined) {
      place = this.#labels.push(label) - 1;
      this.#placeOf.set(label, place);
    }
    return place;
  }

  #grow(slots: number): void {
    this.#seqs = resizeArray(this.#seqs, slots);
    this.#labelAt = resizeArray(this.#labelAt, slots);
  }
}
