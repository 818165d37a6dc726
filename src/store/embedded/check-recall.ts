/** Measures in the background how many of the nearest rows a graph finds, by searching for stored vectors. */
import type { Collection } from './collection.js';
import type { StagedGraph } from './graph/staged-graph.js';
import { DEFAULT_EF, searchRows } from './row-search.js';
import { TimeSlice } from './time-slice.js';
import type { Rows } from './vectors/rows.js';

/** Neighbours per search. */
const NEIGHBOURS = 10;
/** Searches of the first round, and of the second, which is run only if the first was not clearly good. */
const SAMPLE_SIZES = [48, 240];
/** A round with at least this recall needs no second one. */
const CLEAR_RECALL = 0.99;
/** Similarities that differ by less are equal: graph and scan sum in different orders. */
const EQUAL_WITHIN = 1e-5;

/**
 * Checks a collection's graph if a check is due.
 *
 * @param onProblem called with a sentence when the graph is no longer used
 */
export async function checkRecall(
  collection: Collection,
  onProblem: (sentence: string) => void,
): Promise<void> {
  const { indexer } = collection;
  const staged = collection.isLoaded ? indexer.graphToCheck : null;
  if (staged === null) {
    return;
  }
  indexer.checks.isUnderWay = true;
  try {
    const problem = indexer.recordCheck(staged, await measureRecall(collection, staged));
    if (problem !== null) {
      onProblem(`Collection ${collection.row.name}: ${problem}`);
    }
  } catch (error) {
    if (!collection.isGone) {
      throw error;
    }
  } finally {
    indexer.checks.isUnderWay = false;
  }
}

async function measureRecall(collection: Collection, staged: StagedGraph): Promise<number> {
  const { rows } = collection;
  const slice = new TimeSlice();
  let recall = 1;
  for (const size of SAMPLE_SIZES) {
    let [found, wanted] = [0, 0];
    for (const seq of sampleRows(rows, staged, size)) {
      const outcome = await measureOne(collection, staged, seq, slice);
      found += outcome.found;
      wanted += outcome.wanted;
    }
    recall = wanted === 0 ? 1 : found / wanted;
    if (recall >= CLEAR_RECALL) {
      break;
    }
  }
  return recall;
}

/** Counts how many of the rows nearest to a stored one the graph finds. */
async function measureOne(collection: Collection, staged: StagedGraph, seq: number, slice: TimeSlice) {
  const { rows } = collection;
  const point = new Array<number>(rows.dimension).fill(0);
  if (!rows.read(seq, point)) {
    return { found: 0, wanted: 0 };
  }
  const throwIfGone = () => collection.throwIfGone();
  const limit = Math.min(NEIGHBOURS, rows.count);
  const query = { rows, throwIfGone, unit: Float32Array.from(point), limit, ef: DEFAULT_EF, slice };
  const exact = await searchRows(query, null);
  const hits = await searchRows(query, staged);
  if (slice.isUsedUp) {
    await slice.yield();
  }
  throwIfGone();
  // Rows may have been added or removed between the two searches: count rows at least as near as those that remain.
  const nearest = exact.filter((hit) => rows.has(hit.seq));
  const last = (nearest.at(-1)?.similarity ?? 1) - EQUAL_WITHIN;
  const found = hits.filter(({ similarity }) => similarity >= last).length;
  return { found: Math.min(nearest.length, found), wanted: nearest.length };
}

/** Chooses rows to search for: a third from groups, a third of the latest, the rest at random. */
function sampleRows(rows: Rows, staged: StagedGraph, size: number): number[] {
  const third = Math.floor(size / 3);
  const seqs = [...staged.groups.sample(third), ...pick(staged.recent, third)];
  while (seqs.length < size) {
    seqs.push(rows.getSeq(Math.floor(Math.random() * rows.slots)));
  }
  return seqs;
}

/** Picks at most `size` of the given rows at random. */
function pick(seqs: readonly number[], size: number): number[] {
  if (seqs.length <= size) {
    return [...seqs];
  }
  return Array.from({ length: size }, () => seqs[Math.floor(Math.random() * seqs.length)]!);
}
