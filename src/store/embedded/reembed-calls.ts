/** The calls of the store's thread that move a collection to another embedding space. */
import { PawdexError } from '../../errors.js';
import type { ItemPage, Reembedding, ReembeddingState, Space } from '../store.js';
import type { Collection } from './collection.js';
import { toItem } from './sqlite/item-row.js';
import type { StoreCore } from './store-core.js';
import { TimeSlice } from './time-slice.js';
import { MAX_DIMENSION } from './vectors/arena.js';
import { normalise } from './vectors/unit-vector.js';

/** @throws PawdexError space_changed if the collection is not moving to this space */
function requireMove({ reembedding, row }: Collection, fingerprint: string): Reembedding {
  if (reembedding?.fingerprint !== fingerprint) {
    throw new PawdexError('space_changed', {
      detail: `The collection ${row.name} is no longer being re-embedded with this model.`,
      hint: 'Start again with `pawdex reembed`.',
    });
  }
  return reembedding;
}

async function cancelMove(core: StoreCore, collection: Collection): Promise<void> {
  const { reembeddings } = core;
  collection.dropSuccessor(new PawdexError('space_changed'));
  if (collection.reembedding !== null) {
    reembeddings.cancel(collection.id);
    collection.reembedding = null;
  }
  // The new vectors are stored in the same place.
  const slice = new TimeSlice();
  while (reembeddings.isDropping(collection.id)) {
    reembeddings.clear();
    await slice.yield();
    collection.throwIfGone();
  }
  await core.collections.getSuccessorGraph(collection.row).remove();
}

/** The handlers, by method name. */
export const REEMBED_CALLS = {
  async beginReembedding(core: StoreCore, name: string, space: Space): Promise<void> {
    const collection = core.collections.get(name);
    if (!Number.isInteger(space.dimension) || space.dimension < 1 || space.dimension > MAX_DIMENSION) {
      throw new PawdexError('invalid_request', { detail: `The dimension must be 1-${MAX_DIMENSION}.` });
    }
    const { reembedding } = collection;
    if (reembedding?.fingerprint === space.fingerprint && reembedding.dimension === space.dimension) {
      return;
    }
    await cancelMove(core, collection);
    collection.throwIfGone();
    // Another call may have started while this one was waiting.
    collection.reembedding ??= core.reembeddings.begin(collection.id, space);
    requireMove(collection, space.fingerprint);
  },

  listUnembedded(
    core: StoreCore,
    name: string,
    { limit, cursor }: { limit: number; cursor?: string },
  ): ItemPage {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000 || !/^\d{1,15}$/.test(cursor ?? '0')) {
      throw new PawdexError('invalid_request', {
        detail: 'The limit (1 to 1000) or the cursor is not valid.',
      });
    }
    const rows = core.reembeddings.readItems(core.collections.get(name).row, Number(cursor ?? 0), limit);
    return {
      items: rows.filter(({ has_successor }) => has_successor === 0).map(toItem),
      next: rows.length === limit ? String(rows.at(-1)!.seq) : null,
    };
  },

  putSuccessorVectors(
    core: StoreCore,
    name: string,
    fingerprint: string,
    vectors: { id: string; vector: Float32Array }[],
  ): number {
    const collection = core.collections.get(name);
    const { dimension } = requireMove(collection, fingerprint);
    const stored = vectors.flatMap(({ id, vector }) => {
      normalise(vector, dimension);
      const row = core.items.find(collection.id, id);
      return row === undefined ? [] : [{ row, vector }];
    });
    // A graph accepts rows in order only, so it is started again once all vectors exist.
    collection.dropSuccessor(new PawdexError('space_changed'));
    core.reembeddings.put(collection.row, stored);
    return stored.length;
  },

  async finishReembedding(core: StoreCore, name: string, fingerprint: string): Promise<ReembeddingState> {
    const collection = core.collections.get(name);
    if (collection.reembedding === null && collection.row.fingerprint === fingerprint) {
      return { state: 'swapped' };
    }
    const space = requireMove(collection, fingerprint);
    const successor = collection.successor ?? core.collections.openSuccessor(collection, space);
    await Promise.all([collection.loaded, successor.loaded]);
    collection.throwIfGone();
    successor.throwIfGone();
    const missing = collection.count - successor.rows.count;
    if (missing > 0) {
      return { state: 'missing', missing };
    }
    const { kind, indexed } = successor.indexer.state;
    if (kind === 'building' || successor.indexer.isBehind) {
      return { state: 'indexing', done: indexed, total: collection.count };
    }
    core.collections.swap(collection, successor);
    return { state: 'swapped' };
  },
};
