/** The session's lists of several photos, of which one may be shown. */
import { byId } from '../dom.js';
import type { Batch } from './batch.js';

export class Batches {
  readonly #place = byId('batch', HTMLElement);
  readonly #all: Batch[] = [];

  /** The list shown now, if any. */
  get shown(): Batch | undefined {
    return this.#all.find(({ element }) => element.isConnected);
  }

  /** @returns number of the list in the session */
  add(batch: Batch): number {
    return this.#all.push(batch) - 1;
  }

  show(index: number): void {
    const { element } = this.#all[index]!;
    this.#place.replaceChildren(element);
    element.querySelector('h1')?.focus();
  }

  hide(): void {
    this.#place.replaceChildren();
  }

  /** Draws all lists again in the current language. */
  draw(): void {
    for (const batch of this.#all) {
      batch.draw();
    }
  }
}
