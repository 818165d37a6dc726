/** The calls about items that the store's thread answers. */
import { PawdexError } from '../../errors.js';
import type {
  BulkPatch,
  Facet,
  Filter,
  Hit,
  Item,
  ItemPage,
  ItemPatch,
  NewItem,
  SearchOptions,
  Target,
} from '../store.js';
import type { Collection } from './collection.js';
import { PutWriter } from './put-writer.js';
import { prepareSearch } from './row-search.js';
import { searchMany } from './search-many.js';
import { createPresenceCheck } from './sqlite/database.js';
import type { FilterCondition } from './sqlite/filter-condition.js';
import { type ItemRow, toItem } from './sqlite/item-table.js';
import { createDamagedError } from './sqlite/storage-error.js';
import type { StoreCore } from './store-core.js';
import { Turn } from './turns.js';
import type { PackedHits } from './vectors/packed-hits.js';
import { checkLength } from './vectors/unit-vector.js';

/** Rows read at a time when a filter must read their metadata. */
const RANGE = 2048;
/** If an index finds at most this many matching rows, they are read all at once. */
const NARROW = 4096;
/** Rows per transaction of a bulk change, which then takes a few milliseconds. */
const BULK_STEP = 512;

/** A page of iteration: items, and their vectors back to back. */
export interface VectorPage extends ItemPage {
  vectors: Float32Array;
  dimension: number;
}

/** @param rows one more than the limit if there is a next page */
function toPage(rows: ItemRow[], limit: number): { rows: ItemRow[]; next: string | null } {
  const next = rows.length > limit ? String(rows[limit - 1]!.seq) : null;
  return { rows: rows.slice(0, limit), next };
}

/** The handlers, by method name. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a table of handlers, each of which is short
export function createItemCalls(core: StoreCore) {
  const { items } = core;
  const writer = new PutWriter(core.db, items);
  const checkPresence = createPresenceCheck(core.db);

  function find(collection: Collection, id: string): ItemRow {
    const row = items.find(collection.id, id);
    if (row === undefined) {
      throw new PawdexError('item_not_found', {
        detail: `There is no item ${id} in ${collection.row.name}.`,
      });
    }
    return row;
  }

  async function list(
    name: string,
    { limit, cursor, filter }: { limit: number; cursor?: string; filter?: Filter },
  ): Promise<{ rows: ItemRow[]; next: string | null }> {
    const collection = core.collection(name);
    const condition = items.translateFilter(filter);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw new PawdexError('invalid_request', { detail: 'limit must be a whole number, 1 to 1000.' });
    }
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
      throw new PawdexError('invalid_request', { detail: 'The cursor is not one that a list returned.' });
    }
    const few = condition === null ? null : items.findFew(collection.id, condition, NARROW);
    if (few !== null) {
      const page = few.filter((seq) => seq > Number(cursor ?? 0)).slice(0, limit + 1);
      return toPage(
        page.flatMap((seq) => items.findBySeq(seq) ?? []),
        limit,
      );
    }
    const rows: ItemRow[] = [];
    const turn = new Turn();
    // One row more than asked for tells whether there is a next page.
    for (let after: number | null = Number(cursor ?? 0); after !== null && rows.length <= limit; ) {
      const to: number | null = condition === null ? null : items.findRowAfter(collection.id, after, RANGE);
      const rest = limit + 1 - rows.length;
      rows.push(...items.readPage(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, rest, condition));
      after = to;
      if (turn.isDue) {
        await turn.next();
      }
      collection.check();
    }
    return toPage(rows, limit);
  }

  /** Yields the matching rows in order of insertion, some at a time, and lets other work run in between. */
  async function* matching(collection: Collection, condition: FilterCondition): AsyncGenerator<number[]> {
    const few = items.findFew(collection.id, condition, NARROW);
    if (few !== null) {
      yield few;
      return;
    }
    const turn = new Turn();
    for (let after: number | null = 0; after !== null; ) {
      const to: number | null = items.findRowAfter(collection.id, after, RANGE);
      yield items.findMatching(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, RANGE, condition);
      after = to;
      if (turn.isDue) {
        await turn.next();
      }
      collection.check();
    }
  }

  /** Finds the rows of a bulk change. @throws PawdexError `invalid_request` for a filter without a condition */
  async function select(collection: Collection, target: Target): Promise<number[]> {
    checkPresence();
    if ('ids' in target) {
      return items.findSeqs(collection.id, target.ids);
    }
    const condition = items.translateFilter(target.filter);
    if (condition === null) {
      throw new PawdexError('invalid_request', {
        detail: 'The filter has no condition, so it would match all items.',
        hint: 'Add a condition; to delete everything, delete the collection.',
      });
    }
    const seqs: number[] = [];
    for await (const some of matching(collection, condition)) {
      seqs.push(...some);
    }
    return seqs;
  }

  /** Changes rows durably, some at a time, and lets other work run in between. @returns how many were changed */
  async function changeInSteps(
    collection: Collection,
    seqs: number[],
    change: (seqs: number[]) => number,
  ): Promise<number> {
    const turn = new Turn();
    let changed = 0;
    for (let from = 0; from < seqs.length; from += BULK_STEP) {
      collection.check();
      changed += change(seqs.slice(from, from + BULK_STEP));
      if (turn.isDue) {
        await turn.next();
      }
    }
    return changed;
  }

  function remove(collection: Collection, seqs: number[]): number {
    const removed = items.remove(collection.id, seqs);
    for (const seq of removed) {
      collection.removeRow(seq);
    }
    core.wake();
    return removed.length;
  }

  return {
    put: (name: string, added: NewItem[]) => {
      checkPresence();
      const collection = core.collection(name);
      return collection.loaded.then(() => writer.put(collection, added)).finally(() => core.wake());
    },

    get: (name: string, id: string): Item => toItem(find(core.collection(name), id)),

    getVector(name: string, id: string): Float32Array {
      const collection = core.collection(name);
      const vector = items.readVector(find(collection, id), collection.row.dimension);
      if (vector === null) {
        throw createDamagedError([`The vector of item ${id} in ${name} is damaged.`]);
      }
      return vector;
    },

    getThumbnail(name: string, id: string): Uint8Array {
      const image = items.readThumbnail(find(core.collection(name), id).seq);
      if (image === undefined) {
        throw new PawdexError('thumbnail_not_found', { detail: `Item ${id} has no thumbnail.` });
      }
      return new Uint8Array(image);
    },

    findKnown(name: string, hashes: string[]): Map<string, { id: string; label: string | null }> {
      const { id } = core.collection(name);
      const known = new Map<string, { id: string; label: string | null }>();
      for (const sha256 of hashes) {
        const item = items.findBySha256(id, sha256);
        if (item !== undefined) {
          known.set(sha256, item);
        }
      }
      return known;
    },

    async list(
      name: string,
      options: { limit: number; cursor?: string; filter?: Filter },
    ): Promise<ItemPage> {
      const { rows, next } = await list(name, options);
      return { items: rows.map(toItem), next };
    },

    async page(
      name: string,
      options: { limit: number; cursor?: string; filter?: Filter },
    ): Promise<VectorPage> {
      const { rows, next } = await list(name, options);
      const { dimension } = core.collection(name).row;
      const items: Item[] = [];
      const vectors = new Float32Array(rows.length * dimension);
      for (const row of rows) {
        const vector = core.items.readVector(row, dimension);
        // The item was deleted since the page was read, or its vector is damaged.
        if (vector === null) {
          continue;
        }
        vectors.set(vector, items.length * dimension);
        items.push(toItem(row));
      }
      return { items, next, vectors, dimension };
    },

    update(name: string, id: string, patch: ItemPatch): Item {
      checkPresence();
      const collection = core.collection(name);
      const [row] = items.update(collection.id, [find(collection, id).seq], patch);
      collection.rows.relabel(row!.seq, row!.label);
      return toItem(row!);
    },

    async updateMany(name: string, target: Target, patch: BulkPatch): Promise<number> {
      const collection = core.collection(name);
      return changeInSteps(collection, await select(collection, target), (seqs) => {
        const rows = items.update(collection.id, seqs, patch);
        for (const { seq, label } of rows) {
          collection.rows.relabel(seq, label);
        }
        return rows.length;
      });
    },

    delete(name: string, ids: string[]): number {
      checkPresence();
      const collection = core.collection(name);
      return remove(collection, items.findSeqs(collection.id, ids));
    },

    async deleteMany(name: string, target: Target): Promise<number> {
      const collection = core.collection(name);
      return changeInSteps(collection, await select(collection, target), (seqs) => remove(collection, seqs));
    },

    async count(name: string, filter?: Filter): Promise<number> {
      const collection = core.collection(name);
      const condition = items.translateFilter(filter);
      if (condition === null) {
        return collection.count;
      }
      let count = 0;
      for await (const seqs of matching(collection, condition)) {
        count += seqs.length;
      }
      return count;
    },

    countValues(name: string, path: string, limit: number): Facet[] {
      const { id } = core.collection(name);
      if (!items.values.isComplete) {
        throw new PawdexError('starting', {
          detail: 'The metadata of items stored by an earlier version is still being indexed.',
          retryAfter: 5,
        });
      }
      return items.values.countValues(id, path, limit);
    },

    async countLabels(name: string): Promise<{ label: string | null; count: number }[]> {
      const { loaded, rows } = core.collection(name);
      await loaded;
      return Array.from(rows.labelCounts, ([label, count]) => ({ label, count })).sort(
        (a, b) => b.count - a.count || ((a.label ?? '') < (b.label ?? '') ? -1 : 1),
      );
    },

    async search(name: string, query: Float32Array, options: SearchOptions): Promise<Hit[]> {
      const find = await prepareSearch(core.collection(name), items, options, new Turn());
      const found = await find(query);
      return found.flatMap(({ seq, similarity }) => {
        const row = items.findBySeq(seq);
        return row === undefined ? [] : [{ item: toItem(row), similarity }];
      });
    },

    /** @param joined the queries back to back, all of the same length */
    async searchMany(
      name: string,
      joined: Float32Array,
      count: number,
      options: SearchOptions,
    ): Promise<PackedHits> {
      const collection = core.collection(name);
      const length = joined.length / Math.max(1, count);
      if (count > 0) {
        checkLength(length, collection.row.dimension);
      }
      return searchMany(collection, items, joined, count, options);
    },
  };
}
