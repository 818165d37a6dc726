/**
 * Answers searches: with the graph if that is faster, and with an exact scan if that is as fast (few rows, a narrow
 * filter, no graph yet) or if the graph finds too few rows. Long scans let other work run in between.
 */
import { TopK } from '../../math/top-k.js';
import type { SearchOptions } from '../store.js';
import type { Collection } from './collection.js';
import type { StagedGraph } from './graph/staged-graph.js';
import { scanMatching } from './list-rows.js';
import type { FilterCondition } from './sqlite/filter-condition.js';
import type { ItemTable } from './sqlite/item-table.js';
import type { TimeSlice } from './time-slice.js';
import type { HitPacker } from './vectors/packed-hits.js';
import { type Rows, rankScored, type Scored } from './vectors/rows.js';
import { toUnitVector } from './vectors/unit-vector.js';

/** Default number of candidates that the graph keeps (ef); measured, see docs/store.md. */
export const DEFAULT_EF = 96;
/** For more neighbours than this, an exact scan is faster than the graph. */
export const MAX_FROM_GRAPH = 2048;
/** With a filter, ask the graph for 4 times the wanted neighbours, then 16 times, up to {@link MAX_FROM_GRAPH}. */
const OVERFETCH = 4;
/** Rows scanned before the clock is checked: well under a millisecond. */
const SCAN_STEP = 4096;
/**
 * Collections of up to this many rows are scanned if the graph's result is flat (flat-result.ts); that takes 2.5 ms.
 */
const SCAN_IF_FLAT = 50_000;

/** A search for rows, without regard to their items. */
export interface RowQuery {
  rows: Rows;
  /** Throws if the search should stop. */
  throwIfGone: () => void;
  unit: Float32Array;
  limit: number;
  ef: number;
  slice: TimeSlice;
}

interface Query extends RowQuery {
  collection: Collection;
  items: ItemTable;
}

/** Finds the rows nearest to a vector, nearest first. Throws PawdexError vector_invalid. */
type Search = (vector: Float32Array) => Promise<Scored[]>;

/**
 * Prepares searches of a collection that share their options.
 *
 * @throws PawdexError space_changed; storage_failed if the rows could not be read
 */
export async function prepareSearch(
  collection: Collection,
  items: ItemTable,
  options: SearchOptions,
  slice: TimeSlice,
): Promise<Search> {
  collection.requireSpace(options.space);
  collection.recordSearch();
  await collection.loaded;
  const { rows } = collection;
  const excluded = new Set(items.findSeqs(collection.id, options.exclude ?? []));
  const condition = items.translateFilter(options.filter);

  return async (vector) => {
    const unit = toUnitVector(vector, collection.row.dimension);
    for (let attempt = 1; ; attempt++) {
      collection.throwIfGone();
      const limit = Math.min(options.k + excluded.size, rows.count);
      if (limit === 0) {
        return [];
      }
      const ef = Math.max(options.ef ?? DEFAULT_EF, limit);
      const throwIfGone = () => collection.throwIfGone();
      const query: Query = { collection, items, rows, throwIfGone, unit, limit, ef, slice };
      const staged = options.exact || limit > MAX_FROM_GRAPH ? null : collection.indexer.searchable;
      const hits =
        condition === null ? await searchRows(query, staged) : await filterRows(query, staged, condition);
      const existing = hits.filter(({ seq }) => rows.has(seq));
      // Rows deleted during the scan leave gaps. Search again, but not forever if deletions never stop.
      if (existing.length < hits.length && attempt < 3) {
        continue;
      }
      return excluded.size === 0
        ? existing
        : existing.filter(({ seq }) => !excluded.has(seq)).slice(0, options.k);
    }
  };
}

/**
 * Answers a search without filter or exclusions from the graph alone, and packs the hits.
 *
 * @param vectors float32, queries back to back, each of the collection's dimension
 * @param from where this one starts
 * @returns false, with nothing packed, if the graph alone cannot answer; use {@link prepareSearch} then
 * @throws PawdexError vector_invalid, storage_failed
 */
export function packFromGraph(
  collection: Collection,
  options: SearchOptions,
  vectors: Float32Array,
  from: number,
  packer: HitPacker,
): boolean {
  if (options.exact || !isUnfiltered(options)) {
    return false;
  }
  collection.throwIfGone();
  const staged = collection.indexer.searchable;
  const limit = Math.min(options.k, collection.rows.count);
  if (staged === null || limit === 0 || limit > MAX_FROM_GRAPH) {
    return false;
  }
  if (!staged.pack(vectors, from, limit, Math.max(options.ef ?? DEFAULT_EF, limit), packer)) {
    return false;
  }
  packer.endQuery();
  return true;
}

/** Whether every row may be a hit. */
export const isUnfiltered = ({ filter, exclude = [] }: SearchOptions) =>
  filter === undefined && exclude.length === 0;

/** Finds the nearest rows, with the graph, or with an exact scan if there is no graph or its result is flat. */
export async function searchRows(query: RowQuery, staged: StagedGraph | null): Promise<Scored[]> {
  if (staged !== null) {
    const isScannedIfFlat = query.rows.count <= SCAN_IF_FLAT;
    const { hits, isFlat } = await searchGraph(query, staged, {
      limit: query.limit,
      ef: query.ef,
      isRepeatedIfFlat: !isScannedIfFlat,
    });
    const isTrusted = !isFlat || !isScannedIfFlat;
    if (isTrusted && hits.length === query.limit) {
      return hits;
    }
  }
  const { rows } = query;
  const top = new TopK(query.limit);
  const padded = rows.pad(query.unit);
  await scanRows(query, 0, rows.slots, (from, to) => rows.scan(padded, from, to, top));
  return rankScored(top);
}

async function filterRows(
  query: Query,
  staged: StagedGraph | null,
  condition: FilterCondition,
): Promise<Scored[]> {
  const { collection, items, limit, slice } = query;
  // An index tells in about a millisecond whether few rows match a part of the filter. If so, scan only these.
  const few = items.findFew(collection.id, condition);
  const hits = few !== null || staged === null ? null : await filterGraph(query, staged, condition);
  if (hits !== null) {
    return hits;
  }
  const top = new TopK(limit);
  for await (const seqs of few === null ? scanMatching(collection, items, condition, slice) : [few]) {
    await scanSomeRows(query, seqs, 0, seqs.length, top);
  }
  return rankScored(top);
}

/** Finds the nearest matching rows among those that the graph finds. Returns null if these are too few. */
async function filterGraph(
  query: Query,
  staged: StagedGraph,
  condition: FilterCondition,
): Promise<Scored[] | null> {
  const { items, limit } = query;
  for (let fetch = limit * OVERFETCH; fetch <= MAX_FROM_GRAPH; fetch *= OVERFETCH) {
    const ef = Math.max(query.ef, fetch);
    const { hits } = await searchGraph(query, staged, { limit: fetch, ef, isRepeatedIfFlat: true });
    const seqs = hits.map(({ seq }) => seq);
    const matching = items.selectMatching(seqs, condition);
    if (matching.size >= limit) {
      return hits.filter(({ seq }) => matching.has(seq)).slice(0, limit);
    }
  }
  return null;
}

/** Searches the graph, its groups and the rows that are not in it yet. */
async function searchGraph(
  query: RowQuery,
  staged: StagedGraph,
  { limit, ef, isRepeatedIfFlat }: { limit: number; ef: number; isRepeatedIfFlat: boolean },
): Promise<{ hits: Scored[]; isFlat: boolean }> {
  const { rows } = query;
  const { seqs, from, to } = staged.waiting;
  const { nodes, groups, isFlat } = staged.search(query.unit, limit, ef, isRepeatedIfFlat);
  const hits = nodes.filter(({ seq }) => rows.has(seq));
  if (from === to && groups.length === 0) {
    return { hits: hits.slice(0, limit), isFlat };
  }
  const top = new TopK(limit);
  if (groups.length === 0) {
    for (const { seq, similarity } of hits) {
      top.push(seq, similarity);
    }
  } else {
    // Score the nodes like the members. The graph rounds differently, which would order equal vectors by chance.
    const nearNodes = hits.map(({ seq }) => seq);
    await scanSomeRows(query, nearNodes, 0, nearNodes.length, top);
    for (const { seqs: members, best } of groups) {
      if (best >= top.threshold) {
        await scanSomeRows(query, members, 0, members.length, top);
      }
    }
  }
  await scanSomeRows(query, seqs, from, to, top);
  return { hits: rankScored(top), isFlat };
}

function scanSomeRows(query: RowQuery, seqs: readonly number[], first: number, last: number, top: TopK) {
  const { rows } = query;
  const padded = rows.pad(query.unit);
  return scanRows(query, first, last, (from, to) => rows.scanRows(padded, seqs, from, to, top));
}

/** Runs `scan` over a range in steps, and lets other work run in between. */
async function scanRows(
  { throwIfGone, slice }: RowQuery,
  first: number,
  last: number,
  scan: (from: number, to: number) => void,
): Promise<void> {
  for (let from = first; from < last; from += SCAN_STEP) {
    scan(from, Math.min(from + SCAN_STEP, last));
    if (!slice.isUsedUp) {
      continue;
    }
    await slice.yield();
    throwIfGone();
  }
}
