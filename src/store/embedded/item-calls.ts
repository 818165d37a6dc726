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
import { findMatching, type ListOptions, listRows } from './list-rows.js';
import { PutWriter, requireSpace } from './put-writer.js';
import { prepareSearch } from './row-search.js';
import { searchMany } from './search-many.js';
import { createPresenceCheck } from './sqlite/database.js';
import { type ItemRow, toItem } from './sqlite/item-row.js';
import { createDamagedError } from './sqlite/storage-error.js';
import type { StoreCore } from './store-core.js';
import { Turn } from './turns.js';
import type { PackedHits } from './vectors/packed-hits.js';
import { checkLength } from './vectors/unit-vector.js';

/** Rows per transaction of a bulk change, which then takes a few milliseconds. */
const BULK_STEP = 512;

/** A page of iteration: items, and their vectors back to back. */
export interface VectorPage extends ItemPage {
  vectors: Float32Array;
  dimension: number;
  /** Fingerprint of their space. */
  space: string;
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
    for await (const some of findMatching(collection, items, condition)) {
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
    put: (name: string, added: NewItem[], space?: string) => {
      checkPresence();
      const collection = core.getCollection(name);
      return collection.loaded.then(() => writer.put(collection, added, space)).finally(() => core.wake());
    },

    get: (name: string, id: string): Item => toItem(find(core.getCollection(name), id)),

    getVector(name: string, id: string): Float32Array {
      const collection = core.getCollection(name);
      const vector = items.readVector(find(collection, id), collection.row);
      if (vector === null) {
        throw createDamagedError([`The vector of item ${id} in ${name} is damaged.`]);
      }
      return vector;
    },

    getThumbnail(name: string, id: string): Uint8Array {
      const image = items.readThumbnail(find(core.getCollection(name), id).seq);
      if (image === undefined) {
        throw new PawdexError('thumbnail_not_found', { detail: `Item ${id} has no thumbnail.` });
      }
      return new Uint8Array(image);
    },

    attachThumbnails(name: string, thumbnails: { id: string; thumbnail: Uint8Array }[]): string[] {
      checkPresence();
      return items.attachThumbnails(core.getCollection(name).id, thumbnails);
    },

    getOriginal(name: string, id: string): Uint8Array | null {
      const image = items.readOriginal(find(core.getCollection(name), id).seq);
      return image === undefined ? null : new Uint8Array(image);
    },

    findKnown(name: string, hashes: string[]): Map<string, { id: string; label: string | null }> {
      const { id } = core.getCollection(name);
      const known = new Map<string, { id: string; label: string | null }>();
      for (const sha256 of hashes) {
        const item = items.findBySha256(id, sha256);
        if (item !== undefined) {
          known.set(sha256, item);
        }
      }
      return known;
    },

    async list(name: string, options: ListOptions): Promise<ItemPage> {
      const { rows, next } = await listRows(core.getCollection(name), items, options);
      return { items: rows.map(toItem), next };
    },

    async page(name: string, options: ListOptions): Promise<VectorPage> {
      const collection = core.getCollection(name);
      const { rows, next } = await listRows(collection, items, options);
      const { dimension, fingerprint: space } = collection.row;
      const found: Item[] = [];
      const vectors = new Float32Array(rows.length * dimension);
      for (const row of rows) {
        const vector = items.readVector(row, collection.row);
        // The item was deleted since the page was read, or its vector is damaged.
        if (vector === null) {
          continue;
        }
        vectors.set(vector, found.length * dimension);
        found.push(toItem(row));
      }
      return { items: found, next, vectors, dimension, space };
    },

    update(name: string, id: string, patch: ItemPatch): Item {
      checkPresence();
      const collection = core.getCollection(name);
      const [row] = items.update(collection.id, [find(collection, id).seq], patch);
      collection.relabelRow(row!.seq, row!.label);
      return toItem(row!);
    },

    async updateMany(name: string, target: Target, patch: BulkPatch): Promise<number> {
      const collection = core.getCollection(name);
      return changeInSteps(collection, await select(collection, target), (seqs) => {
        const rows = items.update(collection.id, seqs, patch);
        for (const { seq, label } of rows) {
          collection.relabelRow(seq, label);
        }
        return rows.length;
      });
    },

    delete(name: string, ids: string[]): number {
      checkPresence();
      const collection = core.getCollection(name);
      return remove(collection, items.findSeqs(collection.id, ids));
    },

    async deleteMany(name: string, target: Target): Promise<number> {
      const collection = core.getCollection(name);
      return changeInSteps(collection, await select(collection, target), (seqs) => remove(collection, seqs));
    },

    async count(name: string, filter?: Filter): Promise<number> {
      const collection = core.getCollection(name);
      const condition = items.translateFilter(filter);
      if (condition === null) {
        return collection.count;
      }
      let count = 0;
      for await (const seqs of findMatching(collection, items, condition)) {
        count += seqs.length;
      }
      return count;
    },

    countValues(name: string, path: string, limit: number): Facet[] {
      const { id } = core.getCollection(name);
      if (!items.values.isComplete) {
        throw new PawdexError('starting', {
          detail: 'The metadata of items stored by an earlier version is still being indexed.',
          retryAfter: 5,
        });
      }
      return items.values.countValues(id, path, limit);
    },

    async countLabels(name: string): Promise<{ label: string | null; count: number }[]> {
      const { loaded, rows } = core.getCollection(name);
      await loaded;
      return Array.from(rows.labelCounts, ([label, count]) => ({ label, count })).sort(
        (a, b) => b.count - a.count || ((a.label ?? '') < (b.label ?? '') ? -1 : 1),
      );
    },

    async search(name: string, query: Float32Array, options: SearchOptions): Promise<Hit[]> {
      const collection = core.getCollection(name);
      requireSpace(collection, options.space);
      const find = await prepareSearch(collection, items, options, new Turn());
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
      const collection = core.getCollection(name);
      requireSpace(collection, options.space);
      const length = joined.length / Math.max(1, count);
      if (count > 0) {
        checkLength(length, collection.row.dimension);
      }
      return searchMany(collection, items, joined, count, options);
    },
  };
}
