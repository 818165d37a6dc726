/**
 * Keeps items as JSON in memory. Searches find the same items again and again, and reading, checking and formatting them
 * takes longer than finding them.
 */
import type { ItemQueries } from './item-queries.js';
import { toItemJson } from './item-row.js';

/** Maximum number of characters to keep: about 20,000 items. */
const MAX_CHARACTERS = 8 * 2 ** 20;

export class ItemTexts {
  readonly #items: ItemQueries;
  readonly #texts = new Map<number, string>();
  #characters = 0;

  /** @param items reads those that are not kept yet */
  constructor(items: ItemQueries) {
    this.#items = items;
  }

  /** Reads items as JSON. Returns undefined for those that do not exist. */
  read(seqs: readonly number[]): (string | undefined)[] {
    const kept = seqs.map((seq) => this.#texts.get(seq));
    return kept.includes(undefined)
      ? this.#items.readTogether(() => seqs.map((seq, i) => kept[i] ?? this.#readOne(seq)))
      : kept;
  }

  /** Call it when an item changes or is removed. */
  forget(seq: number): void {
    this.#characters -= this.#texts.get(seq)?.length ?? 0;
    this.#texts.delete(seq);
  }

  #readOne(seq: number): string | undefined {
    const row = this.#items.findBySeq(seq);
    if (row === undefined) {
      return undefined;
    }
    const text = toItemJson(row);
    if (this.#characters + text.length > MAX_CHARACTERS) {
      this.#texts.clear();
      this.#characters = 0;
    }
    this.forget(seq);
    this.#texts.set(seq, text);
    this.#characters += text.length;
    return text;
  }
}
