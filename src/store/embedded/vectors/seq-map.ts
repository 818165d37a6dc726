/**
 * Maps sequence numbers to slots. Sequence numbers are nearly dense, so array pages take a tenth of the memory of a
 * Map, and a lookup reads memory only once, which matters because searching the graph evicts everything from the
 * caches.
 */

const BITS = 10;
const PAGE = 1 << BITS;

interface Page {
  /** Slot + 1 of each sequence number; 0 for none. */
  slots: Uint32Array;
  used: number;
}

export class SeqMap {
  readonly #pages = new Map<number, Page>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the slot of a sequence number (a whole number, 0 or more), or -1. */
  get(seq: number): number {
    const page = this.#pages.get(Math.floor(seq / PAGE));
    return page === undefined ? -1 : page.slots[seq % PAGE]! - 1;
  }

  /** @param slot 0 to 2^32 - 2 */
  set(seq: number, slot: number): void {
    const number = Math.floor(seq / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = { slots: new Uint32Array(PAGE), used: 0 };
      this.#pages.set(number, page);
    }
    if (page.slots[seq % PAGE] === 0) {
      page.used++;
      this.#size++;
    }
    page.slots[seq % PAGE] = slot + 1;
  }

  /** Also frees pages that become empty, since sequence numbers are never reused. */
  delete(seq: number): void {
    const number = Math.floor(seq / PAGE);
    const page = this.#pages.get(number);
    if (page === undefined || page.slots[seq % PAGE] === 0) {
      return;
    }
    page.slots[seq % PAGE] = 0;
    page.used--;
    this.#size--;
    if (page.used === 0) {
      this.#pages.delete(number);
    }
  }

  /** All sequence numbers, ascending. */
  keys(): Float64Array {
    const keys = new Float64Array(this.#size);
    let at = 0;
    for (const number of [...this.#pages.keys()].sort((a, b) => a - b)) {
      const { slots } = this.#pages.get(number)!;
      for (let i = 0; i < PAGE; i++) {
        if (slots[i] !== 0) {
          keys[at++] = number * PAGE + i;
        }
      }
    }
    return keys;
  }
}
