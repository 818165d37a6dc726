/**
 * Shows the pictures of a grid as they come into view. Only tiles of nearby blocks are observed one by one, and a picture
 * is fetched when its tile has stayed in view for a moment, so that scrolling past ten thousand tiles causes no work.
 */
import { loadPictureInto } from '../views/item-picture.js';

/** Milliseconds that a tile must be in view before its picture is fetched. */
const REST_MS = 60;

export class GridPictures {
  readonly #collection: string;
  readonly #near: IntersectionObserver;
  readonly #inView: IntersectionObserver;
  readonly #resting = new Map<Element, number>();

  constructor(collection: string) {
    this.#collection = collection;
    this.#near = new IntersectionObserver((entries) => this.#watchTiles(entries), { rootMargin: '800px' });
    this.#inView = new IntersectionObserver((entries) => this.#wait(entries), { rootMargin: '300px' });
  }

  /** Observes a block of the grid; a frame with a picture has its item's id as `data-id`. */
  watch(part: Element): void {
    this.#near.observe(part);
  }

  close(): void {
    this.#near.disconnect();
    this.#inView.disconnect();
    for (const timer of this.#resting.values()) {
      clearTimeout(timer);
    }
  }

  #watchTiles(entries: IntersectionObserverEntry[]): void {
    for (const { isIntersecting, target } of entries) {
      for (const frame of target.querySelectorAll('[data-id]')) {
        if (isIntersecting) {
          this.#inView.observe(frame);
        } else {
          this.#inView.unobserve(frame);
          this.#forget(frame);
        }
      }
    }
  }

  #wait(entries: IntersectionObserverEntry[]): void {
    for (const { isIntersecting, target } of entries) {
      this.#forget(target);
      if (isIntersecting && target instanceof HTMLElement) {
        this.#resting.set(
          target,
          window.setTimeout(() => this.#show(target), REST_MS),
        );
      }
    }
  }

  #forget(frame: Element): void {
    clearTimeout(this.#resting.get(frame));
    this.#resting.delete(frame);
  }

  #show(frame: HTMLElement): void {
    const id = frame.dataset.id ?? '';
    this.#forget(frame);
    this.#inView.unobserve(frame);
    delete frame.dataset.id;
    loadPictureInto(frame, this.#collection, { id, hasThumbnail: true });
  }
}
