/** Thread that owns the database and the graphs. */
import { PawdexError } from '../../errors.js';
import { type Handlers, serveCalls } from '../../threads/rpc.js';
import type { CollectionPatch, CollectionSpec } from '../store.js';
import { ITEM_READS, ITEM_WRITES, PACKED_READS } from './item-calls.js';
import { REEMBED_READS, REEMBED_WRITES } from './reembed-calls.js';
import { toStorageError } from './sqlite/storage-error.js';
import { type CoreOptions, StoreCore } from './store-core.js';
import { runOverdue } from './time-slice.js';

let core: StoreCore;
let callsInProgress = 0;
let onIdle: (() => void) | undefined;

const storeCalls = {
  /** Must be the first call. Returns the names of all calls. */
  open(options: CoreOptions): string[] {
    try {
      core = new StoreCore(options);
    } catch (error) {
      throw toStorageError(error);
    }
    for (const [name, call] of Object.entries(READS as Handlers)) {
      handlers[name] = wrapCall(call);
    }
    for (const [name, call] of Object.entries(WRITES as Handlers)) {
      handlers[name] = wrapCall(withWriteCheck(call));
    }
    return Object.keys(handlers);
  },
  ready: () => core.ready(),
  watchDamage: () => core.damage.found,
  stats: () => core.stats(),
  /** Lets the calls in progress finish. */
  async close(): Promise<void> {
    if (callsInProgress > 0) {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
      });
    }
    await core.close();
  },
};

/** Calls that change nothing on the disk. They work without the data directory, from memory and the open file. */
const READS = {
  listCollections: ({ collections }: StoreCore) => collections.list(),
  getCollection: ({ collections }: StoreCore, name: string) => collections.get(name).info,
  cancelSnapshot: ({ snapshots }: StoreCore, request: string) => snapshots.cancel(request),
  listSnapshots: ({ snapshots }: StoreCore) => snapshots.list(),
  ...ITEM_READS,
  ...PACKED_READS,
  ...REEMBED_READS,
};

/** The other calls that work with the open store. */
const WRITES = {
  createCollection: ({ collections }: StoreCore, spec: CollectionSpec) => collections.create(spec),
  updateCollection: ({ collections }: StoreCore, name: string, patch: CollectionPatch) =>
    collections.update(name, patch),
  deleteCollection: ({ collections }: StoreCore, name: string) => collections.drop(name),
  createSnapshot: ({ snapshots }: StoreCore, request: string) => snapshots.create(request),
  ...ITEM_WRITES,
  ...REEMBED_WRITES,
};

/** Handlers as their callers see them, without the store. */
type Bound<T> = {
  [M in keyof T]: T[M] extends (core: StoreCore, ...args: infer A) => infer R ? (...args: A) => R : never;
};

/** The calls that the thread answers. */
export type StoreCalls = typeof storeCalls & Bound<typeof READS> & Bound<typeof WRITES>;

/** Lets a call fail if what it writes would be lost. */
function withWriteCheck(call: Handlers[string]): Handlers[string] {
  return async (...args) => {
    core.checkWritable();
    const result = await call(...args);
    core.checkWritable();
    return result;
  };
}

/**
 * Passes the store to a call, unless it is damaged. Counts the call while it runs, gives overdue background work a turn,
 * and converts errors to coded ones.
 */
function wrapCall(call: Handlers[string]): Handlers[string] {
  return async (...args) => {
    callsInProgress++;
    core.recordCall();
    runOverdue();
    try {
      core.damage.throwIfDamaged();
      return await call(core, ...args);
    } catch (error) {
      const coded = toStorageError(error);
      if (coded instanceof PawdexError && coded.code === 'data_damaged') {
        core.recordDamage(coded);
      }
      throw coded;
    } finally {
      callsInProgress--;
      if (callsInProgress === 0) {
        onIdle?.();
      }
    }
  };
}

const handlers: Handlers = { ...storeCalls };
serveCalls(handlers);
