/**
 * Runs many searches in one call, with turns for other calls in between. In exact searches each part of the rows is scored for
 * several vectors while it is in the processor's cache, which takes half the time of separate searches.
 */
import { TopK } from '../../math/top-k.js';
import type { SearchOptions } from '../store.js';
import type { Collection } from './collection.js';
import { isUnfiltered, MAX_FROM_GRAPH, packFromGraph, prepareSearch } from './row-search.js';
import type { ItemTable } from './sqlite/item-table.js';
import { TimeSlice } from './time-slice.js';
import { HitPacker, type PackedHits } from './vectors/packed-hits.js';
import { rankScored, type Scored } from './vectors/rows.js';
import { checkLength, toUnitVector } from './vectors/unit-vector.js';

/** Rows that are scored for each vector in turn. With 512 numbers per row they fit in a second-level cache. */
const ROWS_PER_STEP = 512;
/** Vectors scored together: enough to make good use of each row read, and few enough for one slice. */
const VECTORS_TOGETHER = 16;

/** Whether a search with these options scans all rows anyway. */
function scansAllRows(collection: Collection, options: SearchOptions): boolean {
  if (!isUnfiltered(options)) {
    return false;
  }
  const limit = Math.min(options.k, collection.rows.count);
  return limit > 0 && (options.exact || limit > MAX_FROM_GRAPH || collection.indexer.searchable === null);
}

/**
 * Finds the `k` nearest rows to each vector, nearest first. There are fewer if rows were deleted meanwhile.
 *
 * @throws PawdexError vector_invalid; collection_not_found if it was deleted meanwhile
 */
async function scanTogether(
  collection: Collection,
  k: number,
  vectors: Float32Array[],
  slice: TimeSlice,
): Promise<Scored[][]> {
  const { rows } = collection;
  const queries = vectors.map((vector) => ({
    padded: rows.pad(toUnitVector(vector, collection.row.dimension)),
    top: new TopK(Math.min(k, rows.count)),
  }));
  for (let from = 0; from < rows.slots; from += ROWS_PER_STEP) {
    const to = Math.min(from + ROWS_PER_STEP, rows.slots);
    for (const { padded, top } of queries) {
      rows.scan(padded, from, to, top);
    }
    if (slice.isUsedUp) {
      await slice.yield();
      collection.throwIfGone();
    }
  }
  return queries.map(({ top }) => rankScored(top).filter(({ seq }) => rows.has(seq)));
}

/** Adds the hits of one query, without rows that were deleted since they were found. */
function packHits(packer: HitPacker, scored: Scored[]): void {
  for (const { seq, similarity } of scored) {
    packer.add(seq, similarity);
  }
  packer.endQuery();
}

/**
 * Searches for each of `count` vectors.
 *
 * @param joined float32, the vectors back to back, all of the same length
 * @throws PawdexError vector_invalid, space_changed, storage_failed; collection_not_found if it was deleted meanwhile
 */
export async function searchMany(
  collection: Collection,
  items: ItemTable,
  joined: Float32Array,
  count: number,
  options: SearchOptions,
): Promise<PackedHits> {
  const length = joined.length / Math.max(1, count);
  const vectorAt = (i: number) => joined.subarray(i * length, (i + 1) * length);
  const slice = new TimeSlice();
  const find = await prepareSearch(collection, items, options, slice);
  collection.throwIfGone();
  // Vectors of another space may have another length: that is reported as a change of space.
  if (count > 0) {
    checkLength(length, collection.row.dimension);
  }
  const hits = count * Math.min(options.k, collection.count);
  const packer = new HitPacker(collection.rows, Math.min(hits, 65_536));
  for (let i = 0; i < count; ) {
    if (i + 1 < count && scansAllRows(collection, options)) {
      packer.settle();
      const vectors = Array.from({ length: Math.min(VECTORS_TOGETHER, count - i) }, (_, n) =>
        vectorAt(i + n),
      );
      const limit = Math.min(options.k, collection.rows.count);
      for (const [n, scored] of (await scanTogether(collection, options.k, vectors, slice)).entries()) {
        packer.settle();
        // Rows deleted meanwhile leave gaps. A single search looks again.
        packHits(packer, scored.length < limit ? await find(vectors[n]!) : scored);
      }
      i += vectors.length;
    } else {
      if (!packFromGraph(collection, options, joined, i * length, packer)) {
        packer.settle();
        packHits(packer, await find(vectorAt(i)));
      }
      i++;
    }
    if (slice.isUsedUp) {
      packer.settle();
      await slice.yield();
      collection.throwIfGone();
    }
  }
  return packer.finish();
}
