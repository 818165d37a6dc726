/** Remembers the first damage that was found, and reports it to waiting callers. */
import type { PawdexError } from '../../errors.js';

export class DamageWatch {
  #damage: PawdexError | null = null;
  #onDamage: (error: PawdexError) => void = () => {};

  /** The first finding, or null. */
  get error(): PawdexError | null {
    return this.#damage;
  }

  /** Throws if damage was found, since a damaged store does not answer. */
  throwIfDamaged(): void {
    if (this.#damage !== null) {
      throw this.#damage;
    }
  }

  /** Records damage; only the first finding is kept. */
  record(error: PawdexError): void {
    if (this.#damage === null) {
      this.#damage = error;
      this.#onDamage(error);
    }
  }

  /** Rejects when damage is found, immediately if it was found before. */
  wait(): Promise<never> {
    return new Promise((_, reject) => {
      if (this.#damage === null) {
        this.#onDamage = reject;
      } else {
        reject(this.#damage);
      }
    });
  }
}
