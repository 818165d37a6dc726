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
  /** Ids of all hits, one after the other, and the length of each: one string crosses faster than many. */
  ids: string;
  idLengths: Uint32Array;
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

  /** Takes back the hits added last. */
  drop(hits: number): void {
    const rest = this.#ids.length - hits;
    this.#ids.length = rest;
    this.#similarities.length = rest;
    this.#labelAt.length = rest;
  }

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
      similarities: new Float64Array(this.#similarities),
      ids: this.#ids.join(''),
      idLengths: new Uint32Array(this.#ids.map((id) => id.length)),
      labelAt: new Uint32Array(this.#labelAt),
      labels: [...this.#labels.keys()],
    };
  }
}

/** The hits of each query. */
export function unpackHits(packed: PackedHits): BareHit[][] {
  const { counts, similarities, ids, idLengths, labelAt, labels } = packed;
  let at = 0;
  let idAt = 0;
  return counts.map((count) => {
    const hits: BareHit[] = [];
    for (const end = at + count; at < end; at++) {
      const id = ids.slice(idAt, idAt + idLengths[at]!);
      idAt += id.length;
      hits.push({ id, label: labels[labelAt[at]!]!, similarity: similarities[at]! });
    }
    return hits;
  });
}
