/** Keeps maps in memory, because drawing one takes up to a minute. */
import { Projector } from '../projection/projector.js';
import type { CollectionMap } from './engine.js';

/** Number of maps to keep. Each takes 80 kB. */
const MAX_KEPT = 16;

/** A map in progress, and the one that is drawn after it for those who asked in the meantime. */
interface Drawing {
  map: Promise<CollectionMap>;
  next: Promise<CollectionMap> | null;
}

/** A cache of maps. Each map is drawn once, and only one at a time. */
export class MapCache {
  readonly #drawings = new Map<string, Drawing>();
  readonly #projector = new Projector();
  /** Least recently used first. */
  readonly #kept = new Map<string, Promise<Float32Array>>();

  /**
   * Shares a map between all who ask for one of the same collection before it is begun.
   *
   * @param collection its name
   * @param draw reads the items and places them
   */
  share(collection: string, draw: () => Promise<CollectionMap>): Promise<CollectionMap> {
    const current = this.#drawings.get(collection);
    if (current !== undefined) {
      current.next ??= current.map.then(
        () => this.share(collection, draw),
        () => this.share(collection, draw),
      );
      return current.next;
    }
    const map = draw().finally(() => this.#drawings.delete(collection));
    this.#drawings.set(collection, { map, next: null });
    return map;
  }

  /**
   * @param version identifies the items on the map
   * @param draw called if the map is not cached
   */
  get(version: string, draw: (projector: Projector) => Promise<Float32Array>): Promise<Float32Array> {
    const places = this.#kept.get(version) ?? draw(this.#projector);
    this.#kept.delete(version);
    this.#kept.set(version, places);
    places.catch(() => this.#kept.delete(version));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) {
      this.#kept.delete(oldest);
    }
    return places;
  }

  close(): Promise<void> {
    return this.#projector.close();
  }
}
