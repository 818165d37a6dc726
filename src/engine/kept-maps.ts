/** Keeps maps in memory, because drawing one takes up to a minute. */
import { Projector } from '../projection/projector.js';

/** Number of maps to keep. Each takes 80 kB. */
const MOST_KEPT = 16;

/** A cache of maps. Each map is drawn once, and only one at a time. */
export class KeptMaps {
  readonly #projector = new Projector();
  /** Least recently used first. */
  readonly #kept = new Map<string, Promise<Float32Array>>();

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
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) {
      this.#kept.delete(oldest);
    }
    return places;
  }

  close(): Promise<void> {
    return this.#projector.close();
  }
}
