/** The calls of the store's thread about items. */
import { PawdexError } from '../../errors.js';
import { cutIntoBatches } from '../../math/group-by.js';
import type { Item, ItemPage, SearchOptions, Store, Target } from '../store.js';
import type { Collection } from './collection.js';
import { iterateMatching, type ListOptions, listRows } from './list-rows.js';
import { prepareSearch } from './row-search.js';
import { searchMany } from './search-many.js';
import { type ItemRow, toItem } from './sqlite/item-row.js';
import { createDamagedError } from './sqlite/storage-error.js';
import type { StoreCore } from './store-core.js';
import { TimeSlice } from './time-slice.js';
import type { PackedHits } from './vectors/packed-hits.js';

/** Rows per transaction of a bulk change, which then takes a few milliseconds. */
const BULK_STEP = 512;

/** Methods of the store as its thread answers them. */
export type StoreHandlers = {
  [M in keyof Store]?: (
    core: StoreCore,
    ...args: Parameters<Store[M]>
  ) => ReturnType<Store[M]> | Awaited<ReturnType<Store[M]>>;
};

/** A page of iteration: items, and their vectors back to back. */
export interface VectorPage extends ItemPage {
  vectors: Float32Array;
  dimension: number;
  /** Fingerprint of their space. */
  space: string;
}

function findRow({ items }: StoreCore, collection: Collection, id: string): ItemRow {
  const row = items.find(collection.id, id);
  if (row === undefined) {
    throw new PawdexError('item_not_found', {
      detail: `There is no item ${id} in ${collection.row.name}.`,
    });
  }
  return row;
}

/** Finds the rows of a bulk change. Throws PawdexError invalid_request for a filter without a condition. */
async function selectRows(core: StoreCore, collection: Collection, target: Target): Promise<number[]> {
  const { items } = core;
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
  for await (const part of iterateMatching(collection, items, condition)) {
    seqs.push(...part);
  }
  return seqs;
}

/** Changes rows durably, some at a time, and lets other work run in between. Returns how many were changed. */
async function changeInSteps(
  collection: Collection,
  seqs: number[],
  change: (seqs: number[]) => number,
): Promise<number> {
  const slice = new TimeSlice();
  let changed = 0;
  for (const step of cutIntoBatches(seqs, BULK_STEP)) {
    collection.throwIfGone();
    changed += change(step);
    if (slice.isUsedUp) {
      await slice.yield();
    }
  }
  return changed;
}

/** The handlers that change items, by method name. */
export const ITEM_WRITES = {
  put(core, name, added, space?) {
    const collection = core.collections.get(name);
    return collection.loaded.then(() => core.writer.put(collection, added, space)).finally(() => core.wake());
  },

  attachThumbnails: (core, name, thumbnails) =>
    core.items.attachThumbnails(core.collections.get(name).id, thumbnails),

  updateItem(core, name, id, patch) {
    const collection = core.collections.get(name);
    const [row] = core.items.update(collection.id, [findRow(core, collection, id).seq], patch);
    collection.relabelRow(row!.seq, row!.label);
    return toItem(row!);
  },

  async updateItems(core, name, target, patch) {
    const collection = core.collections.get(name);
    return changeInSteps(collection, await selectRows(core, collection, target), (seqs) => {
      const rows = core.items.update(collection.id, seqs, patch);
      for (const { seq, label } of rows) {
        collection.relabelRow(seq, label);
      }
      return rows.length;
    });
  },

  async deleteItems(core, name, target) {
    const collection = core.collections.get(name);
    return changeInSteps(collection, await selectRows(core, collection, target), (seqs) => {
      const removed = core.items.remove(collection.id, seqs);
      for (const seq of removed) {
        collection.removeRow(seq);
      }
      core.wake();
      return removed.length;
    });
  },
} satisfies StoreHandlers;

/** The handlers that only read items. */
export const ITEM_READS = {
  getItem: (core, name, id) => toItem(findRow(core, core.collections.get(name), id)),

  getVector(core, name, id) {
    const collection = core.collections.get(name);
    const vector = core.items.readVector(findRow(core, collection, id), collection.row);
    if (vector === null) {
      throw createDamagedError([`Item ${id} of ${name} has no vector.`]);
    }
    return vector;
  },

  getThumbnail(core, name, id) {
    const image = core.items.thumbnails.read(findRow(core, core.collections.get(name), id));
    if (image === undefined) {
      throw new PawdexError('thumbnail_not_found', { detail: `Item ${id} has no thumbnail.` });
    }
    return new Uint8Array(image);
  },

  getOriginal(core, name, id) {
    const image = core.items.originals.read(findRow(core, core.collections.get(name), id));
    return image === undefined ? null : new Uint8Array(image);
  },

  findKnown(core, name, hashes) {
    const collection = core.collections.get(name);
    const items = hashes.flatMap((sha256) => core.items.findBySha256(collection.id, sha256) ?? []);
    return new Map(items.map(({ sha256, id, label }) => [sha256, { id, label }]));
  },

  async listItems(core, name, options) {
    const { rows, next } = await listRows(core.collections.get(name), core.items, options);
    return { items: rows.map(toItem), next };
  },

  async count(core, name, filter?) {
    const collection = core.collections.get(name);
    const condition = core.items.translateFilter(filter);
    if (condition === null) {
      return collection.count;
    }
    let count = 0;
    for await (const seqs of iterateMatching(collection, core.items, condition)) {
      count += seqs.length;
    }
    return count;
  },

  listFacets(core, name, path, limit) {
    const { id } = core.collections.get(name);
    if (!core.items.values.isComplete) {
      throw new PawdexError('starting', {
        detail: 'The metadata of items stored by an earlier version is still being indexed.',
        retryAfter: 5,
      });
    }
    return core.items.values.listFacets(id, path, limit);
  },

  async listLabels(core, name) {
    const { loaded, rows } = core.collections.get(name);
    await loaded;
    return rows
      .countLabels()
      .sort((a, b) => b.count - a.count || ((a.label ?? '') < (b.label ?? '') ? -1 : 1));
  },
} satisfies StoreHandlers;

/** The handlers whose results are packed, because many small objects take long to pass to another thread. */
export const PACKED_READS = {
  async page(core: StoreCore, name: string, options: ListOptions): Promise<VectorPage> {
    const collection = core.collections.get(name);
    const { rows, next } = await listRows(collection, core.items, options);
    const { dimension, fingerprint: space } = collection.row;
    const items: Item[] = [];
    const vectors = new Float32Array(rows.length * dimension);
    for (const row of rows) {
      const vector = core.items.readVector(row, collection.row);
      if (vector === null) {
        if (core.items.findBySeq(row.seq) !== undefined) {
          throw createDamagedError([`Item ${row.id} of ${name} has no vector.`]);
        }
        continue; // deleted since the page was read
      }
      vectors.set(vector, items.length * dimension);
      items.push(toItem(row));
    }
    return { items, next, vectors, dimension, space };
  },

  /** @returns the items as JSON, and their similarities */
  async search(
    core: StoreCore,
    name: string,
    query: Float32Array,
    options: SearchOptions,
  ): Promise<{ items: string; similarities: number[] }> {
    const collection = core.collections.get(name);
    const find = await prepareSearch(collection, core.items, options, new TimeSlice());
    const hits = await find(query);
    const texts = core.items.texts.read(hits.map(({ seq }) => seq));
    const exists = (_: unknown, i: number) => texts[i] !== undefined;
    const similarities = hits.filter(exists).map(({ similarity }) => similarity);
    return { items: `[${texts.filter(exists)}]`, similarities };
  },

  searchMany: (
    core: StoreCore,
    name: string,
    joined: Float32Array,
    count: number,
    options: SearchOptions,
  ): Promise<PackedHits> => searchMany(core.collections.get(name), core.items, joined, count, options),
};
