/**
 * Search results in few objects: copying ten small objects per query between threads costs as much as finding
 * them in the graph.
 */
import type { BareHit } from '../../store.js';
import { CELL, ELSEWHERE } from './ids.js';
import { resizeArray } from './resized.js';
import type { Rows } from './rows.js';

/** Hits of many queries, one after the other. */
export interface PackedHits {
  /** Hits of each query. */
  counts: number[];
  similarities: Float64Array;
  /** Per hit its id in a cell of {@link CELL} bytes, ASCII, and its length there. */
  cells: Uint32Array;
  idLengths: Uint8Array;
  /** Ids of the hits whose length is {@link ELSEWHERE}, in order. */
  elsewhere: string[];
  /** Per hit the place of its label in `labels`. */
  labelAt: Uint32Array;
  labels: (string | null)[];
}

/**
 * Collects the hits of one query after the other. Ids and labels are read for many hits in one go: reading them one by one
 * between searches, each a wait for memory, took a tenth of the time.
 */
export class HitPacker {
  readonly #rows: Rows;
  readonly #counts: number[] = [];
  #slots: Uint32Array;
  #similarities: Float64Array;
  #cells: Uint32Array;
  #idLengths: Uint8Array;
  #labelAt: Uint32Array;
  readonly #elsewhere: string[] = [];
  /** Places in the answer's list of labels, by the number of the label in the rows. */
  readonly #labels = new Map<number, number>();
  #size = 0;
  #settled = 0;

  /** @param hits how many are expected */
  constructor(rows: Rows, hits: number) {
    this.#rows = rows;
    this.#slots = new Uint32Array(hits);
    this.#similarities = new Float64Array(hits);
    this.#cells = new Uint32Array((hits * CELL) / 4);
    this.#idLengths = new Uint8Array(hits);
    this.#labelAt = new Uint32Array(hits);
  }

  /** Adds a row to the hits of a query. @returns false when there is no such row */
  add(seq: number, similarity: number): boolean {
    const slot = this.#rows.slot(seq);
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

  /** Takes back hits added since the last query was closed. */
  drop(hits: number): void {
    this.#size -= hits;
  }

  /** Closes a query: the hits added since the one before are its own. */
  endQuery(hits: number): void {
    this.#counts.push(hits);
  }

  /** Reads ids and labels of the hits so far. To be called before anything else may change the rows. */
  settle(): void {
    const rows = this.#rows;
    const { ids } = rows;
    for (; this.#settled < this.#size; this.#settled++) {
      const slot = this.#slots[this.#settled]!;
      const label = rows.labelAt(slot);
      let place = this.#labels.get(label);
      if (place === undefined) {
        place = this.#labels.size;
        this.#labels.set(label, place);
      }
      this.#labelAt[this.#settled] = place;
      const length = ids.length(slot);
      this.#idLengths[this.#settled] = length;
      if (length === ELSEWHERE) {
        this.#elsewhere.push(ids.elsewhere(slot));
      } else {
        ids.copy(slot, this.#cells, this.#settled);
      }
    }
  }

  packed(): PackedHits {
    this.settle();
    return {
      counts: this.#counts,
      similarities: resizeArray(this.#similarities, this.#size),
      cells: resizeArray(this.#cells, (this.#size * CELL) / 4),
      idLengths: resizeArray(this.#idLengths, this.#size),
      elsewhere: this.#elsewhere,
      labelAt: resizeArray(this.#labelAt, this.#size),
      labels: Array.from(this.#labels.keys(), (label) => this.#rows.label(label)),
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

/** The hits of each query. */
export function unpackHits(packed: PackedHits): BareHit[][] {
  const { counts, similarities, cells, idLengths, elsewhere, labelAt, labels } = packed;
  const text = Buffer.from(cells.buffer, cells.byteOffset, cells.byteLength).toString('latin1');
  let at = 0;
  let others = 0;
  return counts.map((count) => {
    const hits: BareHit[] = [];
    for (const end = at + count; at < end; at++) {
      const length = idLengths[at]!;
      const id = length === ELSEWHERE ? elsewhere[others++]! : text.slice(at * CELL, at * CELL + length);
      hits.push({ id, label: labels[labelAt[at]!]!, similarity: similarities[at]! });
    }
    return hits;
  });
}
