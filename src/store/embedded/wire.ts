/**
 * Search results in few objects: copying ten small objects per query between threads costs as much as finding
 * them in the graph.
 */
import type { BareHit } from '../store.js';

/** Hits of many queries, one after the other. */
export interface PackedHits {
  /** Hits of each query. */
  counts: number[];
  similarities: Float64Array;
  ids: string[];
  /** Per hit the place of its label in `labels`. */
  labelAt: Uint32Array;
  labels: (string | null)[];
}

/** Collects the hits of one query after the other. */
export class HitPacker {
  readonly #counts: number[] = [];
  readonly #similarities: number[] = [];
  readonly #ids: string[] = [];
  readonly #labelAt: number[] = [];
  readonly #labels = new Map<string | null, number>();

  /** Closes a query: the hits added since the one before are its own. */
  endQuery(hits: number): void {
    this.#counts.push(hits);
  }

  add(id: string, label: string | null, similarity: number): void {
    let place = this.#labels.get(label);
    if (place === undefined) {
      place = this.#labels.size;
      this.#labels.set(label, place);
    }
    this.#ids.push(id);
    this.#similarities.push(similarity);
    this.#labelAt.push(place);
  }

  packed(): PackedHits {
    return {
      counts: this.#counts,
      similarities: Float64Array.from(this.#similarities),
      ids: this.#ids,
      labelAt: Uint32Array.from(this.#labelAt),
      labels: [...this.#labels.keys()],
    };
  }
}

/** The hits of each query. */
export function unpackHits({ counts, similarities, ids, labelAt, labels }: PackedHits): BareHit[][] {
  let at = 0;
  return counts.map((count) => {
    const hits: BareHit[] = [];
    for (const end = at + count; at < end; at++)
      hits.push({ id: ids[at]!, label: labels[labelAt[at]!]!, similarity: similarities[at]! });
    return hits;
  });
}
