/** Runs many searches in one call, with turns for other calls in between. */
import type { SearchOptions } from '../store.js';
import type { Collection } from './collection.js';
import { packFromGraph, prepareSearch } from './row-search.js';
import { looksAtAllRows, scanTogether, TOGETHER } from './scan-together.js';
import type { ItemTable } from './sqlite/item-table.js';
import { Turn } from './turns.js';
import { HitPacker, type PackedHits } from './vectors/packed-hits.js';
import type { Scored } from './vectors/rows.js';

/** Adds the hits of one query, without rows that were deleted since they were found. */
function packHits(packer: HitPacker, found: Scored[]): void {
  let hits = 0;
  for (const { seq, similarity } of found) {
    if (packer.add(seq, similarity)) {
      hits++;
    }
  }
  packer.endQuery(hits);
}

/**
 * Searches for each of `count` vectors.
 *
 * @param joined float32, the vectors back to back, each of the collection's dimension
 * @throws PawdexError vector_invalid, storage_failed; collection_not_found if it was deleted in the meantime
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
  const turn = new Turn();
  const find = await prepareSearch(collection, items, options, turn);
  const hits = count * Math.min(options.k, collection.count);
  const packer = new HitPacker(collection.rows, Math.min(hits, 65_536));
  for (let i = 0; i < count; ) {
    if (i + 1 < count && looksAtAllRows(collection, options)) {
      packer.settle();
      const vectors = Array.from({ length: Math.min(TOGETHER, count - i) }, (_, n) => vectorAt(i + n));
      const wanted = Math.min(options.k, collection.rows.count);
      for (const [n, found] of (await scanTogether(collection, options.k, vectors, turn)).entries()) {
        packer.settle();
        // Rows deleted in the meantime leave gaps. A single search looks again.
        packHits(packer, found.length < wanted ? await find(vectors[n]!) : found);
      }
      i += vectors.length;
    } else {
      if (!packFromGraph(collection, options, joined, i * length, packer)) {
        packer.settle();
        packHits(packer, await find(vectorAt(i)));
      }
      i++;
    }
    if (turn.isDue) {
      packer.settle();
      await turn.next();
    }
  }
  return packer.finish();
}
