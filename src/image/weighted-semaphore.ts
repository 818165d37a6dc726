/** Runs work in order of arrival while its total weight stays below a limit. */
export class WeightedSemaphore {
  readonly #maxTasks: number;
  readonly #waiting: { weight: number; limit: number; start: () => void }[] = [];
  #used = 0;
  #active = 0;

  /** @param maxTasks limit on the tasks at once, regardless of weight */
  constructor(maxTasks = Number.POSITIVE_INFINITY) {
    this.#maxTasks = maxTasks;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs `work` when it fits. Work that weighs more than the limit runs alone.
   *
   * @param limit largest total weight of running work
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
    return this.#active === 0 || (this.#active < this.#maxTasks && this.#used + weight <= limit);
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
