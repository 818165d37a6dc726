/** Search results in few objects: copying ten small objects per query between threads costs more than finding them. */
import type { BareHit } from '../store.js';

/** Hits of many queries, one after the other. */
export interface PackedHits {
  /** Hits of each query. */
  counts: Uint32Array;
  similarities: Float64Array;
  ids: string[];
  /** Per hit the place of its label in `labels`. */
  labelAt: Uint32Array;
  labels: (string | null)[];
}

/** @param results per query its hits */
export function packHits(results: BareHit[][]): PackedHits {
  const hits = results.flat();
  const places = new Map<string | null, number>();
  const labelAt = new Uint32Array(hits.length);
  hits.forEach(({ label }, i) => {
    const place = places.get(label) ?? places.size;
    if (place === places.size) places.set(label, place);
    labelAt[i] = place;
  });
  return {
    counts: Uint32Array.from(results, (query) => query.length),
    similarities: Float64Array.from(hits, (hit) => hit.similarity),
    ids: hits.map((hit) => hit.id),
    labelAt,
    labels: [...places.keys()],
  };
}

/** The inverse of {@link packHits}. */
export function unpackHits(packed: PackedHits): BareHit[][] {
  const { similarities, ids, labelAt, labels } = packed;
  let at = 0;
  return Array.from(packed.counts, (count) => {
    const hits = new Array<BareHit>(count);
    for (let i = 0; i < count; i++, at++)
      hits[i] = { id: ids[at]!, label: labels[labelAt[at]!]!, similarity: similarities[at]! };
    return hits;
  });
}
