/** The thread that owns the database and the graphs. */
import { PawdexError } from '../../errors.js';
import { serveCalls } from '../../threads/rpc.js';
import type { CollectionPatch, CollectionSpec } from '../store.js';
import { itemCalls } from './calls.js';
import { Core, type CoreOptions } from './core.js';
import { storageError } from './disk.js';
import { runOverdue } from './turns.js';

let core: Core;
let calls: ReturnType<typeof itemCalls>;
let underWay = 0;
let idle: (() => void) | undefined;

type Call = (...args: never[]) => unknown;

/** Counts a call while it runs, and gives its errors their codes. */
function counted(call: Call): Call {
  return async (...args) => {
    underWay++;
    core.called();
    runOverdue();
    try {
      core.checkDamage();
      return await call(...args);
    } catch (error) {
      const coded = storageError(error);
      if (coded instanceof PawdexError && coded.code === 'data_damaged') core.damaged(coded);
      throw coded;
    } finally {
      underWay--;
      if (underWay === 0) idle?.();
    }
  };
}

const collectionCalls = {
  createCollection: (spec: CollectionSpec) => core.create(spec),
  listCollections: () => core.list(),
  getCollection: (name: string) => core.collection(name).info,
  updateCollection: (name: string, patch: CollectionPatch) => core.update(name, patch),
  deleteCollection: (name: string) => core.drop(name),
};

const itemMethods: (keyof ReturnType<typeof itemCalls>)[] = [
  ...(['put', 'get', 'getVector', 'getThumbnail', 'known', 'list', 'page', 'update', 'delete'] as const),
  ...(['updateMany', 'deleteMany', 'facets'] as const),
  ...(['count', 'labels', 'search', 'searchMany'] as const),
];

serveCalls({
  open(options: CoreOptions) {
    try {
      core = new Core(options);
    } catch (error) {
      throw storageError(error);
    }
    calls = itemCalls(core);
  },
  ready: () => core.ready(),
  watchDamage: () => core.watchDamage(),
  stats: () => core.stats(),
  ...Object.fromEntries(Object.entries(collectionCalls).map(([name, call]) => [name, counted(call)])),
  ...Object.fromEntries(
    itemMethods.map((name) => [name, counted((...args) => (calls[name] as Call)(...args))]),
  ),
  async close() {
    if (underWay > 0)
      await new Promise<void>((resolve) => {
        idle = resolve;
      });
    await core.close();
  },
});
