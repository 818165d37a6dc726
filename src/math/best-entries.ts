/** Keeps the best entries of many, in bounded memory. For numbered entries with scores, see `TopK`. */
export class BestEntries<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  #kept: T[] = [];
  #total = 0;

  /** @param compare negative if `a` is better than `b` */
  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  /** Number of entries added, kept or not. */
  get total(): number {
    return this.#total;
  }

  add(entry: T): void {
    this.#total++;
    this.#kept.push(entry);
    if (this.#kept.length > 2 * this.#limit) {
      this.#kept = this.rank();
    }
  }

  /** Returns the best entries, best first. */
  rank(): T[] {
    return this.#kept.sort(this.#compare).slice(0, this.#limit);
  }
}
