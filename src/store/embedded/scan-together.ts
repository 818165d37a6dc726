/**
 * Exact searches for several vectors at once: each part of the rows is scored for all of them while the processor's cache
 * has it, which takes half the time of one search after the other.
 */
import { TopK } from '../../math/top-k.js';
import type { SearchOptions } from '../store.js';
import type { Collection } from './collection.js';
import { MAX_FROM_GRAPH } from './row-search.js';
import type { Turn } from './turns.js';
import { rankScored, type Scored } from './vectors/scored.js';
import { normalise } from './vectors/unit-vector.js';

/** Rows scored for one vector after the other: at 512 numbers each, what a second-level cache holds. */
const STEP = 512;
/** Vectors at once: enough to make good use of the rows read, and few enough for one turn. */
export const TOGETHER = 16;

/** Whether a search with these options looks at all rows anyway. */
export function looksAtAllRows(
  collection: Collection,
  { k, exact, filter, exclude }: SearchOptions,
): boolean {
  if (filter !== undefined || (exclude !== undefined && exclude.length > 0)) {
    return false;
  }
  const wanted = Math.min(k, collection.rows.count);
  return wanted > 0 && (exact || wanted > MAX_FROM_GRAPH || collection.indexer.searchable === null);
}

/**
 * The `k` nearest rows to each vector, nearest first; fewer where rows were deleted meanwhile.
 *
 * @throws PawdexError `vector_invalid`; `collection_not_found` when it is deleted meanwhile
 */
export async function scanTogether(
  collection: Collection,
  k: number,
  vectors: Float32Array[],
  turn: Turn,
): Promise<Scored[][]> {
  const { rows } = collection;
  const queries = vectors.map((vector) => ({
    padded: rows.pad(normalise(vector, collection.row.dimension)),
    top: new TopK(Math.min(k, rows.count)),
  }));
  for (let from = 0; from < rows.slots; from += STEP) {
    const to = Math.min(from + STEP, rows.slots);
    for (const { padded, top } of queries) {
      rows.scan(padded, from, to, top);
    }
    if (turn.isDue) {
      await turn.next();
      collection.check();
    }
  }
  return queries.map(({ top }) => rankScored(top).filter(({ seq }) => rows.has(seq)));
}
