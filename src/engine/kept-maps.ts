/** Keeps maps in memory, because drawing one takes up to a minute. */
import { Projector } from '../projection/projector.js';

/** Maps kept: 80 kB each. */
const MOST_KEPT = 16;

/** The maps that were drawn, by what is on them; each is drawn once, and one at a time. */
export class KeptMaps {
  readonly #projector = new Projector();
  /** The least recently used first. */
  readonly #kept = new Map<string, Promise<Float32Array>>();

  /** @param version what is on the map @param draw called when it is not kept */
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
