/** The k best of a stream of scored items: a binary heap with the worst on top. */

export interface Ranked {
  id: number;
  score: number;
}

/**
 * Keeps the k items with the highest scores. Of equal scores, the lower id is the better.
 *
 * @example
 *   const top = new TopK(10);
 *   for (const [id, score] of scores.entries()) {
 *     if (score >= top.threshold) {
 *       top.push(id, score);
 *     }
 *   }
 *   const best = top.rank();
 */
export class TopK {
  readonly #k: number;
  readonly #scores: number[] = [];
  readonly #ids: number[] = [];
  /** Lower scores no longer enter. Check it before each call, because few scores of a long stream reach it. */
  threshold = Number.NEGATIVE_INFINITY;

  constructor(k: number) {
    this.#k = k;
  }

  /** Offers an item. Those with scores below {@link threshold} need not be offered. */
  push(id: number, score: number): void {
    const isFull = this.#scores.length === this.#k;
    if (isFull && (this.#k === 0 || this.#isBetter(0, id, score))) {
      return;
    }
    const place = isFull ? this.#sink(id, score) : this.#rise(id, score);
    this.#scores[place] = score;
    this.#ids[place] = id;
    if (this.#scores.length === this.#k) {
      this.threshold = this.#scores[0]!;
    }
  }

  /** Returns the kept items, best first. */
  rank(): Ranked[] {
    return this.#ids
      .map((id, i) => ({ id, score: this.#scores[i]! }))
      .sort((a, b) => b.score - a.score || a.id - b.id);
  }

  /** Moves better items down to make room for a new one, and returns its place. */
  #rise(id: number, score: number): number {
    let place = this.#scores.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBetter(parent, id, score)) {
        break;
      }
      this.#move(parent, place);
      place = parent;
    }
    return place;
  }

  /** Drops the worst item, moves worse items up, and returns the free place. */
  #sink(id: number, score: number): number {
    const scores = this.#scores;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= scores.length) {
        return place;
      }
      if (child + 1 < scores.length && this.#isBetter(child, this.#ids[child + 1]!, scores[child + 1]!)) {
        child++;
      }
      if (this.#isBetter(child, id, score)) {
        return place;
      }
      this.#move(child, place);
      place = child;
    }
  }

  /** Whether the item at a place is better than another. */
  #isBetter(place: number, id: number, score: number): boolean {
    const own = this.#scores[place]!;
    return own > score || (own === score && this.#ids[place]! < id);
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from]!;
    this.#ids[to] = this.#ids[from]!;
  }
}
