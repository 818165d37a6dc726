/** Bounds the memory that uploads of all requests together may hold. */

/** Bytes in use against a limit. */
export class ByteBudget {
  #used = 0;

  /** @param limit bytes */
  constructor(readonly limit: number) {}

  get used(): number {
    return this.#used;
  }

  /** Takes bytes if there is room. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives bytes back. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}
