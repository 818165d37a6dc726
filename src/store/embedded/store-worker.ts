/** Thread that owns the database and the graphs. */
import { PawdexError } from '../../errors.js';
import { type Handlers, serveCalls } from '../../threads/rpc.js';
import type { CollectionPatch, CollectionSpec } from '../store.js';
import { createItemCalls } from './item-calls.js';
import { createReembedCalls } from './reembed-calls.js';
import { toStorageError } from './sqlite/storage-error.js';
import { type CoreOptions, StoreCore } from './store-core.js';
import { runOverdue } from './turns.js';

let core: StoreCore;
let underWay = 0;
let idle: (() => void) | undefined;

/** Calls about the store as a whole. */
const storeCalls = {
  /** Must be the first call. */
  open(options: CoreOptions): void {
    try {
      core = new StoreCore(options);
    } catch (error) {
      throw toStorageError(error);
    }
    const calls: Handlers = {
      ...collectionCalls(core),
      ...createItemCalls(core),
      ...createReembedCalls(core),
    };
    for (const [name, call] of Object.entries(calls)) {
      handlers[name] = countCall(call);
    }
  },
  ready: () => core.ready(),
  watchDamage: () => core.damage.wait(),
  stats: () => core.stats(),
  /** Lets the calls in progress finish. */
  async close(): Promise<void> {
    if (underWay > 0) {
      await new Promise<void>((resolve) => {
        idle = resolve;
      });
    }
    await core.close();
  },
};

const collectionCalls = (core: StoreCore) => ({
  createCollection: (spec: CollectionSpec) => core.create(spec),
  listCollections: () => core.list(),
  getCollection: (name: string) => core.getCollection(name).info,
  updateCollection: (name: string, patch: CollectionPatch) => core.update(name, patch),
  deleteCollection: (name: string) => core.drop(name),
  createSnapshot: () => core.snapshots.create(),
  listSnapshots: () => core.snapshots.list(),
});

/** The calls that the thread answers. Add a handler here to add a method to the store. */
export type StoreCalls = typeof storeCalls &
  ReturnType<typeof collectionCalls> &
  ReturnType<typeof createItemCalls> &
  ReturnType<typeof createReembedCalls>;

/** Counts a call while it runs, and converts its errors to coded ones. */
function countCall(call: Handlers[string]): Handlers[string] {
  return async (...args) => {
    underWay++;
    core.noteCall();
    runOverdue();
    try {
      core.damage.check();
      return await call(...args);
    } catch (error) {
      const coded = toStorageError(error);
      if (coded instanceof PawdexError && coded.code === 'data_damaged') {
        core.recordDamage(coded);
      }
      throw coded;
    } finally {
      underWay--;
      if (underWay === 0) {
        idle?.();
      }
    }
  };
}

const handlers: Handlers = { ...storeCalls };
serveCalls(handlers);
