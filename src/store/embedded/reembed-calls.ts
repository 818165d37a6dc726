/** The calls of the store's thread that move a collection to another embedding space. */
import { PawdexError } from '../../errors.js';
import type { Reembedding } from '../store.js';
import { type Collection, checkDimension } from './collection.js';
import type { StoreHandlers } from './item-calls.js';
import { checkPage } from './list-rows.js';
import { toItem } from './sqlite/item-row.js';
import type { StoreCore } from './store-core.js';
import { TimeSlice } from './time-slice.js';
import { toUnitVector } from './vectors/unit-vector.js';

/** @throws PawdexError space_changed if the collection is not moving to this space */
function requireReembedding({ reembedding, row }: Collection, fingerprint: string): Reembedding {
  if (reembedding?.fingerprint !== fingerprint) {
    throw new PawdexError('space_changed', {
      detail: `The collection ${row.name} is no longer being re-embedded with this encoder.`,
      hint: 'Start again with `pawdex reembed`.',
    });
  }
  return reembedding;
}

async function cancelReembedding(core: StoreCore, collection: Collection): Promise<void> {
  const { reembeddings } = core;
  collection.dropSuccessor(new PawdexError('space_changed'));
  if (collection.reembedding !== null) {
    reembeddings.cancel(collection.id);
    collection.reembedding = null;
  }
  // The new vectors are stored in the same place.
  const slice = new TimeSlice();
  while (reembeddings.isDropping(collection.id)) {
    reembeddings.removeUnusedVectors();
    await slice.yield();
    collection.throwIfGone();
  }
  await core.collections.getSuccessorGraphFile(collection.row).remove();
}

/** The handlers that change something, by method name. */
export const REEMBED_WRITES = {
  async beginReembedding(core, name, space) {
    const collection = core.collections.get(name);
    checkDimension(space);
    const { reembedding } = collection;
    if (reembedding?.fingerprint === space.fingerprint && reembedding.dimension === space.dimension) {
      return;
    }
    await cancelReembedding(core, collection);
    collection.throwIfGone();
    // Another call may have started while this one was waiting.
    collection.reembedding ??= core.reembeddings.begin(collection.id, space);
    requireReembedding(collection, space.fingerprint);
  },

  putSuccessorVectors(core, name, fingerprint, vectors) {
    const collection = core.collections.get(name);
    const { dimension } = requireReembedding(collection, fingerprint);
    const stored = vectors.flatMap(({ id, vector }) => {
      toUnitVector(vector, dimension);
      const row = core.items.find(collection.id, id);
      return row === undefined ? [] : [{ row, vector }];
    });
    // A graph accepts rows in order only, so it is started again once all vectors exist.
    collection.dropSuccessor(new PawdexError('space_changed'));
    core.reembeddings.put(collection.row, stored);
    return stored.length;
  },

  async finishReembedding(core, name, fingerprint) {
    const collection = core.collections.get(name);
    if (collection.reembedding === null && collection.row.fingerprint === fingerprint) {
      return { state: 'swapped' };
    }
    const space = requireReembedding(collection, fingerprint);
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
} satisfies StoreHandlers;

/** The handlers that only read. */
export const REEMBED_READS = {
  listUnembedded(core, name, { limit, cursor }) {
    checkPage({ limit, cursor });
    const rows = core.reembeddings.readItems(core.collections.get(name).row, Number(cursor ?? 0), limit);
    return {
      items: rows.filter(({ has_successor }) => has_successor === 0).map(toItem),
      next: rows.length === limit ? String(rows.at(-1)!.seq) : null,
    };
  },
} satisfies StoreHandlers;
