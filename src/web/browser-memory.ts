/**
 * Small values that the browser keeps. One that blocks storage, as with all cookies blocked, or has no room, still works:
 * the values then last until the page is left.
 */
class BrowserMemory {
  readonly #area: () => Storage;
  readonly #unsaved = new Map<string, string>();

  constructor(area: () => Storage) {
    this.#area = area;
  }

  read(key: string): string | null {
    try {
      return this.#unsaved.get(key) ?? this.#area().getItem(key);
    } catch (error) {
      return this.#ignoreBlocked(error);
    }
  }

  write(key: string, value: string): void {
    try {
      this.#area().setItem(key, value);
      this.#unsaved.delete(key);
    } catch (error) {
      this.#ignoreBlocked(error);
      this.#unsaved.set(key, value);
    }
  }

  #ignoreBlocked(error: unknown): null {
    if (error instanceof DOMException) {
      return null;
    }
    throw error;
  }
}

/** Kept until the tab is closed, never written to disk by the page. */
export const tabMemory = new BrowserMemory(() => sessionStorage);
/** Kept for the next visit. */
export const lastingMemory = new BrowserMemory(() => localStorage);
