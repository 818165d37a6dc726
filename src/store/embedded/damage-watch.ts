/** Remembers the first damage that was found, and reports it to waiting callers. */
import type { PawdexError } from '../../errors.js';

export class DamageWatch {
  /** The first finding, or null. */
  error: PawdexError | null = null;
  /** Rejects when damage is found. */
  readonly found: Promise<never>;
  #reject!: (error: PawdexError) => void;

  constructor() {
    this.found = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Nobody may be waiting.
    this.found.catch(() => {});
  }

  /** Throws if damage was found, since a damaged store does not answer. */
  throwIfDamaged(): void {
    if (this.error !== null) {
      throw this.error;
    }
  }

  /** Records damage; only the first finding is kept. */
  record(error: PawdexError): void {
    this.error ??= error;
    this.#reject(this.error);
  }
}
