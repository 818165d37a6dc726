/**
 * Opens the embedded store. Every call crosses to the store's thread. Methods with work to do on the calling side are
 * written out; the others are forwarded under their own name.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { asPawdexError, PawdexError } from '../../errors.js';
import { DeathCount, RestartingWorker, type WorkerWatcher } from '../../threads/restarting-worker.js';
import { type Remote, transfer } from '../../threads/rpc.js';
import type { Filter, Item, ItemWithVector, SearchOptions, Store, StoredSnapshot } from '../store.js';
import type { CoreOptions } from './store-core.js';
import type { StoreCalls } from './store-worker.js';
import { unpackHits } from './vectors/packed-hits.js';

/** Settings of {@link openEmbeddedStore}. All but `dataDir` have defaults. */
export interface EmbeddedStoreOptions extends WorkerWatcher, Partial<CoreOptions> {
  /** The data directory; created if missing. */
  dataDir: string;
}

const KEPT_SNAPSHOTS = 7;

/** After a thread has died, milliseconds to wait for a new one before watching for damage again. */
const REWATCH_MS = 1000;
/** Items that {@link Store.iterate} fetches at a time. */
const ITERATE_PAGE = 256;

/** @param methods of the thread, by name; each method of the store that is not written out here is one of them */
function createStore(worker: RestartingWorker<StoreCalls>, methods: string[]): Store {
  const { calls } = worker;
  return {
    ...(Object.fromEntries(
      methods.map((name) => [name, calls[name as keyof StoreCalls]]),
    ) as Remote<StoreCalls>),

    async search(collection, query, options) {
      checkOptions(options);
      const { items, similarities } = await calls.search(collection, query, options);
      return (JSON.parse(items) as Item[]).map((item, i) => ({ item, similarity: similarities[i]! }));
    },

    async searchMany(collection, queries, options) {
      checkOptions(options);
      const joined = joinQueries(queries);
      const moved = transfer(joined, [joined.buffer]);
      return unpackHits(await calls.searchMany(collection, moved, queries.length, options));
    },

    iterate: (collection, options = {}) => iteratePages(calls, collection, options),

    createSnapshot: (signal) => createSnapshot(calls, signal),

    waitForDamage: () => waitForDamage(calls),

    close: () => worker.close(),
  };
}

async function* iteratePages(
  calls: Remote<StoreCalls>,
  collection: string,
  options: { filter?: Filter },
): AsyncGenerator<ItemWithVector, void> {
  let cursor: string | undefined;
  let space: string | undefined;
  do {
    const page = await calls.page(collection, { ...options, limit: ITERATE_PAGE, cursor });
    const { dimension } = page;
    space ??= page.space;
    if (page.space !== space) {
      throw new PawdexError('space_changed');
    }
    for (const [i, item] of page.items.entries()) {
      yield { ...item, vector: page.vectors.slice(i * dimension, (i + 1) * dimension) };
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

async function createSnapshot(calls: Remote<StoreCalls>, signal?: AbortSignal): Promise<StoredSnapshot> {
  signal?.throwIfAborted();
  const request = randomUUID();
  const written = calls.createSnapshot(request);
  if (signal === undefined) {
    return written;
  }
  const ended = new AbortController();
  const cancelled = once(signal, 'abort', { signal: ended.signal }).then(async () => {
    await calls.cancelSnapshot(request);
    throw signal.reason;
  });
  return Promise.race([written, cancelled]).finally(() => {
    ended.abort();
    // Both may still be rejected.
    written.catch(() => {});
    cancelled.catch(() => {});
  });
}

async function waitForDamage(calls: Remote<StoreCalls>): Promise<PawdexError | null> {
  for (;;) {
    try {
      return await calls.watchDamage();
    } catch (error) {
      const coded = asPawdexError(error);
      if (coded.code === 'data_damaged') {
        return coded;
      }
      // A new thread replaces one that has died.
      if (coded.code !== 'worker_failed') {
        return null;
      }
      await sleep(REWATCH_MS, undefined, { ref: false });
    }
  }
}

/** Joins the queries back to back. Throws PawdexError vector_invalid if their lengths differ. */
function joinQueries(queries: Float32Array[]): Float32Array<ArrayBuffer> {
  const length = queries[0]?.length ?? 0;
  const joined = new Float32Array(queries.length * length);
  for (const [i, query] of queries.entries()) {
    if (query.length !== length) {
      throw new PawdexError('vector_invalid', {
        detail: `Query ${i} has ${query.length} numbers, the first has ${length}.`,
      });
    }
    joined.set(query, i * length);
  }
  return joined;
}

/** @throws PawdexError invalid_request */
function checkOptions({ k, ef }: SearchOptions): void {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(k)) {
    throw new PawdexError('invalid_request', { detail: 'k must be a whole number, 1 or more.' });
  }
  if (ef !== undefined && !isCount(ef)) {
    throw new PawdexError('invalid_request', { detail: 'ef must be a whole number, 1 or more.' });
  }
}

/**
 * Opens the store of a data directory.
 *
 * @throws PawdexError data_dir_locked, data_dir_newer, data_damaged, storage_full, storage_failed
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const {
    dataDir,
    graphLibrary = 'hnswlib-node',
    acceptDamage = false,
    keepSnapshots = KEPT_SNAPSHOTS,
  } = options;
  let methods: string[] = [];
  const worker = await RestartingWorker.start<StoreCalls>({
    entry: new URL('./store-worker.js', import.meta.url),
    workerData: null,
    open: async ({ calls }) => {
      methods = await calls.open({ dataDir, graphLibrary, acceptDamage, keepSnapshots });
    },
    deaths: new DeathCount(),
    watcher: options,
  });
  return createStore(worker, methods);
}
