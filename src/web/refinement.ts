/** "More like this" and "not like this" for the neighbours of a photo: the marks, and the search results with them. */
import type { Neighbour } from '../engine/engine.js';
import { embedPhoto, search } from './api.js';
import type { Entry } from './session.js';

/** A user's mark on a neighbour. */
export type Mark = 'more' | 'less';

/** The refined search for one question. */
export class Refinement {
  readonly #marks = new Map<string, { neighbour: Neighbour; mark: Mark }>();
  #embedding: Promise<number[]> | null = null;
  #turn = 0;
  /** Results of the search with the marks; null while nothing is marked. */
  results: Neighbour[] | null = null;

  constructor(readonly entry: Entry) {}

  /** All marks, in the order in which they were made. */
  get marked(): { neighbour: Neighbour; mark: Mark }[] {
    return [...this.#marks.values()];
  }

  markOf(id: string): Mark | null {
    return this.#marks.get(id)?.mark ?? null;
  }

  /**
   * Marks a neighbour, or removes the same mark, and searches again.
   *
   * @returns whether `results` belongs to these marks: false if the user has changed them since
   * @throws Problem
   */
  async toggle(neighbour: Neighbour, mark: Mark): Promise<boolean> {
    if (this.markOf(neighbour.id) === mark) {
      this.#marks.delete(neighbour.id);
    } else {
      this.#marks.set(neighbour.id, { neighbour, mark });
    }
    return await this.#search();
  }

  /** Removes all marks. */
  clear(): void {
    this.#turn++;
    this.#marks.clear();
    this.results = null;
  }

  async #search(): Promise<boolean> {
    const turn = ++this.#turn;
    if (this.#marks.size === 0) {
      this.results = null;
      return true;
    }
    const { photo, region, collection, answer } = this.entry;
    // The part that the answer looked at, which a second look may have changed.
    this.#embedding ??= embedPhoto(photo, answer?.region ?? region).catch((error: unknown) => {
      this.#embedding = null;
      throw error;
    });
    const idsOf = (mark: Mark) =>
      this.marked.filter((each) => each.mark === mark).map(({ neighbour }) => neighbour.id);
    const positives = [await this.#embedding, ...idsOf('more')];
    const k = answer?.neighbours.length ?? 20;
    const results = await search({ collection, positives, negatives: idsOf('less'), k });
    if (turn !== this.#turn) {
      return false;
    }
    this.results = results;
    return true;
  }
}
