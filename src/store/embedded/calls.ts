/** The calls on items that the store's thread answers. */
import { PawdexError } from '../../errors.js';
import type { Filter, Hit, Item, ItemPage, ItemPatch, NewItem, SearchOptions } from '../store.js';
import type { Collection } from './collection.js';
import type { Core } from './core.js';
import { presenceCheck } from './database.js';
import { damagedError } from './disk.js';
import { toCondition } from './filters.js';
import { type ItemRow, toItem } from './items.js';
import { packFromGraph, searcher } from './search.js';
import { Turn } from './turns.js';
import { checkLength } from './vectors.js';
import { HitPacker, type PackedHits } from './wire.js';
import { Writer } from './writer.js';

/** Rows looked at in one go when metadata must be read to filter. */
const RANGE = 2048;

/** A page of iteration: the vectors of its items, one after the other, each of `dimension` numbers. */
export interface VectorPage extends ItemPage {
  vectors: Float32Array;
  dimension: number;
}

/** The handlers, by method name. */
export function itemCalls(core: Core) {
  const { items } = core;
  const writer = new Writer(core.db, items);
  const checkPresence = presenceCheck(core.db);

  function find(collection: Collection, id: string): ItemRow {
    const row = items.find(collection.id, id);
    if (row === undefined)
      throw new PawdexError('item_not_found', {
        detail: `There is no item ${id} in ${collection.row.name}.`,
      });
    return row;
  }

  async function list(
    name: string,
    { limit, cursor, filter }: { limit: number; cursor?: string; filter?: Filter },
  ): Promise<{ rows: ItemRow[]; next: string | null }> {
    const collection = core.collection(name);
    const condition = toCondition(filter);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw new PawdexError('invalid_request', { detail: 'limit must be a whole number, 1 to 1000.' });
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
      throw new PawdexError('invalid_request', { detail: 'The cursor is not one that a list returned.' });
    const rows: ItemRow[] = [];
    const turn = new Turn();
    // One row more than asked for tells whether there is a next page.
    for (let after: number | null = Number(cursor ?? 0); after !== null && rows.length <= limit; ) {
      const to: number | null = condition === null ? null : items.rowAfter(collection.id, after, RANGE);
      const rest = limit + 1 - rows.length;
      rows.push(...items.page(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, rest, condition));
      after = to;
      if (turn.due) await turn.next();
      collection.check();
    }
    const next = rows.length > limit ? String(rows[limit - 1]!.seq) : null;
    return { rows: rows.slice(0, limit), next };
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
      const vector = items.vector(find(collection, id).seq, collection.row.dimension);
      if (vector === null) throw damagedError([`The vector of item ${id} in ${name} is damaged.`]);
      return vector;
    },

    getThumbnail(name: string, id: string): Uint8Array {
      const image = items.thumbnail(find(core.collection(name), id).seq);
      if (image === undefined)
        throw new PawdexError('thumbnail_not_found', { detail: `Item ${id} has no thumbnail.` });
      return new Uint8Array(image);
    },

    known(name: string, hashes: string[]): Map<string, { id: string; label: string | null }> {
      const { id } = core.collection(name);
      const known = new Map<string, { id: string; label: string | null }>();
      for (const sha256 of hashes) {
        const item = items.bySha256(id, sha256);
        if (item !== undefined) known.set(sha256, item);
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
        const vector = core.items.vector(row.seq, dimension);
        // Deleted since the page was read, or lost; what follows must stay beside its own vector.
        if (vector === null) continue;
        vectors.set(vector, items.length * dimension);
        items.push(toItem(row));
      }
      return { items, next, vectors, dimension };
    },

    update(name: string, id: string, patch: ItemPatch): Item {
      checkPresence();
      const collection = core.collection(name);
      const row = items.update(find(collection, id), patch);
      collection.rows.relabel(row.seq, row.label);
      return toItem(row);
    },

    delete(name: string, ids: string[]): number {
      checkPresence();
      const collection = core.collection(name);
      const seqs = items.remove(collection.id, ids);
      for (const seq of seqs) collection.removed(seq);
      core.wake();
      return seqs.length;
    },

    async count(name: string, filter?: Filter): Promise<number> {
      const collection = core.collection(name);
      const condition = toCondition(filter);
      if (condition === null) return collection.count;
      const turn = new Turn();
      let count = 0;
      for (let after: number | null = 0; after !== null; ) {
        const to: number | null = items.rowAfter(collection.id, after, RANGE);
        count += items.matching(collection.id, after, to ?? Number.MAX_SAFE_INTEGER, RANGE, condition).length;
        after = to;
        if (turn.due) await turn.next();
        collection.check();
      }
      return count;
    },

    async labels(name: string): Promise<{ label: string | null; count: number }[]> {
      const { loaded, rows } = core.collection(name);
      await loaded;
      return Array.from(rows.labelCounts, ([label, count]) => ({ label, count })).sort(
        (a, b) => b.count - a.count || ((a.label ?? '') < (b.label ?? '') ? -1 : 1),
      );
    },

    async search(name: string, query: Float32Array, options: SearchOptions): Promise<Hit[]> {
      const find = await searcher(core.collection(name), items, options, new Turn());
      const found = await find(query);
      return found.flatMap(({ seq, similarity }) => {
        const row = items.bySeq(seq);
        return row === undefined ? [] : [{ item: toItem(row), similarity }];
      });
    },

    /** @param joined the queries, one after the other, all of one length */
    async searchMany(
      name: string,
      joined: Float32Array,
      count: number,
      options: SearchOptions,
    ): Promise<PackedHits> {
      const collection = core.collection(name);
      const length = joined.length / Math.max(1, count);
      if (count > 0) checkLength(length, collection.row.dimension);
      const turn = new Turn();
      const find = await searcher(collection, items, options, turn);
      const hits = count * Math.min(options.k, collection.count);
      const packer = new HitPacker(collection.rows, Math.min(hits, 65_536));
      for (let i = 0; i < count; i++) {
        if (!packFromGraph(collection, options, joined, i * length, packer)) {
          packer.settle();
          const found = await find(joined.subarray(i * length, (i + 1) * length));
          for (const { seq, similarity } of found) packer.add(seq, similarity);
          packer.endQuery(found.length);
        }
        if (!turn.due) continue;
        packer.settle();
        await turn.next();
      }
      return packer.packed();
    },
  };
}
