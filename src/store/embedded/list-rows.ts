/** Lists the rows of a collection in parts, so that other work can run in between. */
import { PawdexError } from '../../errors.js';
import type { Filter } from '../store.js';
import type { Collection } from './collection.js';
import type { FilterCondition } from './sqlite/filter-condition.js';
import type { ItemRow } from './sqlite/item-row.js';
import type { ItemTable } from './sqlite/item-table.js';
import { TimeSlice } from './time-slice.js';

/** Rows read at a time when a filter must read their metadata. */
const FILTER_STEP = 2048;

/** Settings of {@link listRows}. */
export interface ListOptions {
  /** 1 to 1000. */
  limit: number;
  /** The `next` of the previous page. */
  cursor?: string;
  filter?: Filter;
}

interface RowPage {
  rows: ItemRow[];
  /** The cursor of the next page; null at the end. */
  next: string | null;
}

/** @throws PawdexError invalid_request */
export function checkPage({ limit, cursor }: Pick<ListOptions, 'limit' | 'cursor'>): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new PawdexError('invalid_request', { detail: 'limit must be a whole number, 1 to 1000.' });
  }
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
    throw new PawdexError('invalid_request', { detail: 'The cursor is not one that a list returned.' });
  }
}

/** @param rows one more than the limit if there is a next page */
function toPage(rows: ItemRow[], limit: number): RowPage {
  const next = rows.length > limit ? String(rows[limit - 1]!.seq) : null;
  return { rows: rows.slice(0, limit), next };
}

/**
 * Lists a page of rows in order of insertion.
 *
 * @throws PawdexError invalid_request for a bad limit or cursor
 */
export async function listRows(
  collection: Collection,
  items: ItemTable,
  { limit, cursor, filter }: ListOptions,
): Promise<RowPage> {
  const condition = items.translateFilter(filter);
  checkPage({ limit, cursor });
  const few = condition === null ? null : items.findFew(collection.id, condition);
  if (few !== null) {
    const page = few.filter((seq) => seq > Number(cursor ?? 0)).slice(0, limit + 1);
    return toPage(
      items.readTogether(() => page.flatMap((seq) => items.findBySeq(seq) ?? [])),
      limit,
    );
  }
  const rows: ItemRow[] = [];
  const slice = new TimeSlice();
  // Read one more row than requested, to know whether there is a next page.
  for (let after: number | null = Number(cursor ?? 0); after !== null && rows.length <= limit; ) {
    const to: number | null =
      condition === null ? null : items.findRowAfter(collection.id, after, FILTER_STEP);
    const rest = limit + 1 - rows.length;
    rows.push(...items.readPage(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, rest, condition));
    after = to;
    if (slice.isUsedUp) {
      await slice.yield();
    }
    collection.throwIfGone();
  }
  return toPage(rows, limit);
}

/** Yields the matching rows in order of insertion, some at a time, and lets other work run in between. */
export async function* iterateMatching(
  collection: Collection,
  items: ItemTable,
  condition: FilterCondition,
): AsyncGenerator<number[]> {
  const few = items.findFew(collection.id, condition);
  if (few === null) {
    yield* scanMatching(collection, items, condition, new TimeSlice());
  } else {
    yield few;
  }
}

/** Yields the matching rows as {@link iterateMatching} does, without first asking an index whether they are few. */
export async function* scanMatching(
  collection: Collection,
  items: ItemTable,
  condition: FilterCondition,
  slice: TimeSlice,
): AsyncGenerator<number[]> {
  for (let after: number | null = 0; after !== null; ) {
    const to: number | null = items.findRowAfter(collection.id, after, FILTER_STEP);
    yield items.findMatching(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, FILTER_STEP, condition);
    after = to;
    if (slice.isUsedUp) {
      await slice.yield();
    }
    collection.throwIfGone();
  }
}
