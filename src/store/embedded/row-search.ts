/**
 * How a search is answered: by the graph where it pays, by an exact scan where that is as fast (few rows, a
 * narrow filter, no graph yet) and wherever the graph finds less than there is. Long scans take turns.
 */

import { TopK } from '../../math/top-k.js';
import type { SearchOptions } from '../store.js';
import type { Collection } from './collection.js';
import type { Staged } from './graph/staged.js';
import type { FilterCondition } from './sqlite/filter-condition.js';
import type { Items } from './sqlite/item-table.js';
import type { Turn } from './turns.js';
import type { HitPacker } from './vectors/packed-hits.js';
import type { Rows } from './vectors/rows.js';
import { rankScored, type Scored } from './vectors/scored.js';
import { normalise } from './vectors/unit-vector.js';

/** Candidates the graph keeps when the caller does not say (ef). Chosen by measurement, see docs/store.md. */
export const DEFAULT_EF = 96;
/** Beyond as many neighbours an exact scan is faster than the graph. */
const MAX_FROM_GRAPH = 2048;
/** A filter with at most as many matching rows is answered by a scan of just these. */
const NARROW = 4096;
/** Candidates asked of the graph per neighbour wanted, where a filter will drop some; then times four. */
const OVERFETCH = 4;
/** Rows scanned between two looks at the clock: well under a millisecond. */
const SCAN_STEP = 4096;
/** Collections of at most so many rows are scanned when the graph's result is flat (staged.ts): it takes 2.5 ms. */
const SCAN_IF_FLAT = 50_000;

/** A search for rows, whatever their items. */
export interface RowQuery {
  rows: Rows;
  /** Throws when the search should end. */
  check: () => void;
  unit: Float32Array;
  wanted: number;
  ef: number;
  turn: Turn;
}

interface Query extends RowQuery {
  collection: Collection;
  items: Items;
}

/** Finds the nearest rows to a vector, nearest first. @throws PawdexError `vector_invalid` */
type Search = (vector: Float32Array) => Promise<Scored[]>;

/**
 * Prepares searches of a collection with the same options, all in one go.
 *
 * @throws PawdexError `storage_failed` when the rows could not be read
 */
export async function prepareSearch(
  collection: Collection,
  items: Items,
  options: SearchOptions,
  turn: Turn,
): Promise<Search> {
  collection.searched();
  await collection.loaded;
  const { rows } = collection;
  const excluded = new Set<number>();
  for (const id of options.exclude ?? []) {
    const row = items.find(collection.id, id);
    if (row !== undefined) {
      excluded.add(row.seq);
    }
  }
  const condition = items.condition(options.filter);

  return async (vector) => {
    const unit = normalise(vector, collection.row.dimension);
    for (let attempt = 1; ; attempt++) {
      collection.check();
      const wanted = Math.min(options.k + excluded.size, rows.count);
      if (wanted === 0) {
        return [];
      }
      const ef = Math.max(options.ef ?? DEFAULT_EF, wanted);
      const check = () => collection.check();
      const query: Query = { collection, items, rows, check, unit, wanted, ef, turn };
      const staged = options.exact || wanted > MAX_FROM_GRAPH ? null : collection.indexer.searchable;
      const found =
        condition === null ? await searchRows(query, staged) : await filterRows(query, staged, condition);
      const there = found.filter(({ seq }) => rows.has(seq));
      // Rows deleted while the scan took turns leave gaps: look again, unless deleting never stops.
      if (there.length < found.length && attempt < 3) {
        continue;
      }
      return excluded.size === 0 ? there : there.filter(({ seq }) => !excluded.has(seq)).slice(0, options.k);
    }
  };
}

/**
 * Answers a search without filter or exclusions from the graph alone, straight into a packer.
 *
 * @param vectors float32, queries one after the other, each of the collection's dimension
 * @param from where this one starts
 * @returns false, with nothing packed, when there is more to it and {@link prepareSearch} must answer
 * @throws PawdexError `vector_invalid`, `storage_failed`
 */
export function packFromGraph(
  collection: Collection,
  options: SearchOptions,
  vectors: Float32Array,
  from: number,
  packer: HitPacker,
): boolean {
  const { exact, filter, exclude, k } = options;
  if (exact || filter !== undefined || (exclude !== undefined && exclude.length > 0)) {
    return false;
  }
  collection.check();
  const staged = collection.indexer.searchable;
  const wanted = Math.min(k, collection.rows.count);
  if (staged === null || wanted === 0 || wanted > MAX_FROM_GRAPH) {
    return false;
  }
  if (!staged.pack(vectors, from, wanted, Math.max(options.ef ?? DEFAULT_EF, wanted), packer)) {
    return false;
  }
  packer.endQuery(wanted);
  return true;
}

/** The nearest rows without a filter: by the graph, or by an exact scan when there is none or its result is doubtful. */
export async function searchRows(query: RowQuery, staged: Staged | null): Promise<Scored[]> {
  if (staged !== null) {
    const { found, isFlat } = await searchGraph(query, staged, query.wanted, query.ef);
    const isTrusted = !isFlat || query.rows.count > SCAN_IF_FLAT;
    if (isTrusted && found.length === query.wanted) {
      return found;
    }
  }
  const { rows } = query;
  const top = new TopK(query.wanted);
  const padded = rows.pad(query.unit);
  await scanRows(query, 0, rows.slots, (from, to) => rows.scan(padded, from, to, top));
  return rankScored(top);
}

async function filterRows(
  query: Query,
  staged: Staged | null,
  condition: FilterCondition,
): Promise<Scored[]> {
  const { collection, items, wanted } = query;
  // An index tells in about a millisecond whether few rows match a part; only these are then looked at.
  for (const part of condition.indexed) {
    const few = items.matching(collection.id, 0, Number.MAX_SAFE_INTEGER, NARROW + 1, part);
    if (few.length > NARROW) {
      continue;
    }
    const matching = condition.sql === part.sql ? few : [...items.among(few, condition)];
    const top = new TopK(wanted);
    await scanSomeRows(query, matching, 0, matching.length, top);
    return rankScored(top);
  }
  if (staged !== null) {
    for (let fetch = wanted * OVERFETCH; fetch <= MAX_FROM_GRAPH; fetch *= OVERFETCH) {
      const { found: candidates } = await searchGraph(query, staged, fetch, Math.max(query.ef, fetch));
      const matching = items.among(
        candidates.map(({ seq }) => seq),
        condition,
      );
      if (matching.size >= wanted) {
        return candidates.filter(({ seq }) => matching.has(seq)).slice(0, wanted);
      }
    }
  }
  const top = new TopK(wanted);
  for (let after: number | null = 0; after !== null; ) {
    const to: number | null = items.rowAfter(collection.id, after, SCAN_STEP);
    const seqs = items.matching(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, SCAN_STEP, condition);
    await scanSomeRows(query, seqs, 0, seqs.length, top);
    after = to;
  }
  return rankScored(top);
}

/** The graph's neighbours and those among the rows that it lacks so far. */
async function searchGraph(
  query: RowQuery,
  staged: Staged,
  wanted: number,
  ef: number,
): Promise<{ found: Scored[]; isFlat: boolean }> {
  const { rows } = query;
  const { seqs, from, to } = staged.waiting;
  const { nodes, groups, isFlat } = staged.search(query.unit, wanted, ef);
  const found = nodes.filter(({ seq }) => rows.has(seq));
  if (from === to && groups.length === 0) {
    return { found: found.slice(0, wanted), isFlat };
  }
  const top = new TopK(wanted);
  if (groups.length === 0) {
    for (const { seq, similarity } of found) {
      top.push(seq, similarity);
    }
  } else {
    // Scored anew with the members: the graph rounds differently, which would break ties between equal vectors.
    const near = found.map(({ seq }) => seq);
    await scanSomeRows(query, near, 0, near.length, top);
    for (const { seqs: members, best } of groups) {
      if (best >= top.threshold) {
        await scanSomeRows(query, members, 0, members.length, top);
      }
    }
  }
  await scanSomeRows(query, seqs, from, to, top);
  return { found: rankScored(top), isFlat };
}

/** Offers the named rows to `top`. */
function scanSomeRows(query: RowQuery, seqs: readonly number[], first: number, last: number, top: TopK) {
  const { rows } = query;
  const padded = rows.pad(query.unit);
  return scanRows(query, first, last, (from, to) => rows.scanRows(padded, seqs, from, to, top));
}

/** Runs `scan` over a range in steps, with turns for others in between. */
async function scanRows(
  { check, turn }: RowQuery,
  first: number,
  last: number,
  scan: (from: number, to: number) => void,
): Promise<void> {
  for (let from = first; from < last; from += SCAN_STEP) {
    scan(from, Math.min(from + SCAN_STEP, last));
    if (!turn.due) {
      continue;
    }
    await turn.next();
    check();
  }
}
