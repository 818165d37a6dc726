/** Thread that owns the database and the graphs. */
import { PawdexError } from '../../errors.js';
import { type BoundAll, bindFirst } from '../../threads/bind-first.js';
import { type Handlers, serveCalls } from '../../threads/rpc.js';
import type { CollectionPatch, CollectionSpec } from '../store.js';
import { ITEM_CALLS } from './item-calls.js';
import { REEMBED_CALLS } from './reembed-calls.js';
import { toStorageError } from './sqlite/storage-error.js';
import { type CoreOptions, StoreCore } from './store-core.js';
import { runOverdue } from './turns.js';

let core: StoreCore;
let underWay = 0;
let idle: (() => void) | undefined;

const storeCalls = {
  /** Must be the first call. */
  open(options: CoreOptions): void {
    try {
      core = new StoreCore(options);
    } catch (error) {
      throw toStorageError(error);
    }
    const calls: Handlers = bindFirst<StoreCore, typeof CORE_CALLS>(core, CORE_CALLS);
    for (const [name, call] of Object.entries(calls)) {
      handlers[name] = countCall(READS.has(name) ? call : acknowledge(call));
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

/** Calls that work with the open store. Add a handler here, or to the tables it joins, to add a method to the store. */
const CORE_CALLS = {
  createCollection: ({ collections }: StoreCore, spec: CollectionSpec) => collections.create(spec),
  listCollections: ({ collections }: StoreCore) => collections.list(),
  getCollection: ({ collections }: StoreCore, name: string) => collections.get(name).info,
  updateCollection: ({ collections }: StoreCore, name: string, patch: CollectionPatch) =>
    collections.update(name, patch),
  deleteCollection: ({ collections }: StoreCore, name: string) => collections.drop(name),
  createSnapshot: ({ snapshots }: StoreCore, request?: string) => snapshots.create(request),
  cancelSnapshot: ({ snapshots }: StoreCore, request: string) => snapshots.cancel(request),
  listSnapshots: ({ snapshots }: StoreCore) => snapshots.list(),
  ...ITEM_CALLS,
  ...REEMBED_CALLS,
};

/** The calls that the thread answers. */
export type StoreCalls = typeof storeCalls & BoundAll<typeof CORE_CALLS, StoreCore>;

/** The calls that change nothing on the disk. They work without the data directory, from memory and the open file. */
const READS: ReadonlySet<string> = new Set<keyof typeof CORE_CALLS>([
  'listCollections',
  'getCollection',
  'cancelSnapshot',
  'listSnapshots',
  'getItem',
  'getVector',
  'getThumbnail',
  'getOriginal',
  'findKnown',
  'listItems',
  'page',
  'count',
  'listFacets',
  'listLabels',
  'search',
  'searchMany',
  'listUnembedded',
]);

/** Lets a call fail if what it writes would be lost, because the data directory was deleted or replaced. */
function acknowledge(call: Handlers[string]): Handlers[string] {
  return async (...args) => {
    core.checkPresence();
    const result = await call(...args);
    core.checkPresence();
    return result;
  };
}

/** Counts a call while it runs, and converts its errors to coded ones. */
function countCall(call: Handlers[string]): Handlers[string] {
  return async (...args) => {
    underWay++;
    core.recordCall();
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
