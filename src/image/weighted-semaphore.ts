/** Admits work by its weight, first come first served, so that what is in work together stays under a limit. */
export class WeightedSemaphore {
  readonly #most: number;
  readonly #waiting: { weight: number; limit: number; start: () => void }[] = [];
  #used = 0;
  #active = 0;

  /** @param most how much work, of whatever weight, is done at once */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /** Weight of what is in work. */
  get used(): number {
    return this.#used;
  }

  /** How much work waits. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs `work` when it fits. What weighs more than the limit runs alone.
   *
   * @param limit largest weight of all that is in work together
   */
  async run<T>(weight: number, limit: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#fits(weight, limit)) {
      this.#take(weight);
    } else {
      await new Promise<void>((start) => this.#waiting.push({ weight, limit, start }));
    }
    try {
      return await work();
    } finally {
      this.#used -= weight;
      this.#active--;
      this.#startWaiting();
    }
  }

  #fits(weight: number, limit: number): boolean {
    return this.#active === 0 || (this.#active < this.#most && this.#used + weight <= limit);
  }

  #take(weight: number): void {
    this.#used += weight;
    this.#active++;
  }

  #startWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next.weight, next.limit)) {
        return;
      }
      this.#waiting.shift();
      this.#take(next.weight);
      next.start();
    }
  }
}
