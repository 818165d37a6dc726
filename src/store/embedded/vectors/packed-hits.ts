/**
 * Packs search results into few objects, since copying ten small objects per query between threads costs as much as
 * finding them in the graph.
 */
import type { BareHit } from '../../store.js';
import { CELL, OVERFLOW } from './ids.js';
import { resizeArray } from './resize-array.js';
import type { Rows } from './rows.js';

/** Hits of many queries, back to back. */
export interface PackedHits {
  /** Number of hits per query. */
  counts: number[];
  similarities: Float64Array;
  /** The id of each hit in a cell of {@link CELL} bytes, as ASCII, and its length. */
  cells: Uint32Array;
  idLengths: Uint8Array;
  /** Ids of the hits whose length is {@link OVERFLOW}, in order. */
  overflowIds: string[];
  /** The index in `labels` of each hit's label. */
  labelAt: Uint32Array;
  labels: (string | null)[];
}

/**
 * Collects the hits of consecutive queries. Ids and labels are read for many hits at a time, because reading them between
 * searches would take a tenth of the time waiting for memory.
 */
export class HitPacker {
  readonly #rows: Rows;
  readonly #counts: number[] = [];
  #slots: Uint32Array;
  #similarities: Float64Array;
  #cells: Uint32Array;
  #idLengths: Uint8Array;
  #labelAt: Uint32Array;
  readonly #overflowIds: string[] = [];
  /** Index in the result's labels, by the number of the label in the rows. */
  readonly #labels = new Map<number, number>();
  #size = 0;
  /** Where the hits of the current query begin. */
  #start = 0;
  #settled = 0;

  /** @param hits the expected number */
  constructor(rows: Rows, hits: number) {
    this.#rows = rows;
    this.#slots = new Uint32Array(hits);
    this.#similarities = new Float64Array(hits);
    this.#cells = new Uint32Array((hits * CELL) / 4);
    this.#idLengths = new Uint8Array(hits);
    this.#labelAt = new Uint32Array(hits);
  }

  /** Adds a row to the hits of the current query. Returns false if the row does not exist. */
  add(seq: number, similarity: number): boolean {
    const slot = this.#rows.findSlot(seq);
    if (slot === -1) {
      return false;
    }
    if (this.#size === this.#slots.length) {
      this.#grow();
    }
    this.#slots[this.#size] = slot;
    this.#similarities[this.#size++] = similarity;
    return true;
  }

  /** Removes the hits of the current query, which must not be settled. */
  dropQuery(): void {
    this.#size = this.#start;
  }

  endQuery(): void {
    this.#counts.push(this.#size - this.#start);
    this.#start = this.#size;
  }

  /** Reads ids and labels of the hits so far. Call it before other work can change the rows. */
  settle(): void {
    const rows = this.#rows;
    const { ids } = rows;
    for (; this.#settled < this.#size; this.#settled++) {
      const slot = this.#slots[this.#settled]!;
      const label = rows.getLabelNumber(slot);
      let place = this.#labels.get(label);
      if (place === undefined) {
        place = this.#labels.size;
        this.#labels.set(label, place);
      }
      this.#labelAt[this.#settled] = place;
      const length = ids.getLength(slot);
      this.#idLengths[this.#settled] = length;
      if (length === OVERFLOW) {
        this.#overflowIds.push(ids.getOverflowId(slot));
      } else {
        ids.copy(slot, this.#cells, this.#settled);
      }
    }
  }

  finish(): PackedHits {
    this.settle();
    return {
      counts: this.#counts,
      similarities: resizeArray(this.#similarities, this.#size),
      cells: resizeArray(this.#cells, (this.#size * CELL) / 4),
      idLengths: resizeArray(this.#idLengths, this.#size),
      overflowIds: this.#overflowIds,
      labelAt: resizeArray(this.#labelAt, this.#size),
      labels: Array.from(this.#labels.keys(), (label) => this.#rows.getLabel(label)),
    };
  }

  #grow(): void {
    const hits = Math.max(64, this.#size * 2);
    this.#slots = resizeArray(this.#slots, hits);
    this.#similarities = resizeArray(this.#similarities, hits);
    this.#cells = resizeArray(this.#cells, (hits * CELL) / 4);
    this.#idLengths = resizeArray(this.#idLengths, hits);
    this.#labelAt = resizeArray(this.#labelAt, hits);
  }
}

export function unpackHits(packed: PackedHits): BareHit[][] {
  const { counts, similarities, cells, idLengths, overflowIds, labelAt, labels } = packed;
  const text = Buffer.from(cells.buffer, cells.byteOffset, cells.byteLength).toString('latin1');
  let at = 0;
  let overflows = 0;
  return counts.map((count) => {
    const hits: BareHit[] = [];
    for (const end = at + count; at < end; at++) {
      const length = idLengths[at]!;
      const id = length === OVERFLOW ? overflowIds[overflows++]! : text.slice(at * CELL, at * CELL + length);
      hits.push({ id, label: labels[labelAt[at]!]!, similarity: similarities[at]! });
    }
    return hits;
  });
}
