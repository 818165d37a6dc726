/**
 * Ids by slot, stored side by side in cells of 32 bytes, the length of pawdex's own ids. Strings would be scattered in
 * memory, and reading those of ten hits would take a tenth of the time of a search.
 */
import { resizeArray } from './resize-array.js';

/** Bytes of a cell. */
export const CELL = 32;
/** Stored as the length of an id that is kept as a string, because it is not ASCII or does not fit. */
export const OVERFLOW = 255;
const WORDS = CELL / 4;

export class Ids {
  #words = new Uint32Array(1024 * WORDS);
  #bytes = new Uint8Array(this.#words.buffer);
  #lengths = new Uint8Array(1024);
  readonly #overflowIds = new Map<number, string>();

  set(slot: number, id: string): void {
    if (slot >= this.#lengths.length) {
      this.#grow(slot * 2);
    }
    this.#overflowIds.delete(slot);
    this.#lengths[slot] = id.length <= CELL && this.#write(slot, id) ? id.length : OVERFLOW;
    if (this.#lengths[slot] === OVERFLOW) {
      this.#overflowIds.set(slot, id);
    }
  }

  /** Length of the id in its cell, in bytes, or {@link OVERFLOW}. */
  getLength(slot: number): number {
    return this.#lengths[slot]!;
  }

  /** The id of a slot whose length is {@link OVERFLOW}. */
  getOverflowId(slot: number): string {
    return this.#overflowIds.get(slot)!;
  }

  /**
   * Copies a cell.
   *
   * @param target {@link CELL} / 4 words per cell
   * @param cell index in `target`
   */
  copy(slot: number, target: Uint32Array, cell: number): void {
    const words = this.#words;
    const from = slot * WORDS;
    const to = cell * WORDS;
    for (let i = 0; i < WORDS; i++) {
      target[to + i] = words[from + i]!;
    }
  }

  #write(slot: number, id: string): boolean {
    for (let i = 0; i < id.length; i++) {
      const code = id.charCodeAt(i);
      if (code > 127) {
        return false;
      }
      this.#bytes[slot * CELL + i] = code;
    }
    return true;
  }

  #grow(slots: number): void {
    this.#words = resizeArray(this.#words, slots * WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#lengths = resizeArray(this.#lengths, slots);
  }
}
