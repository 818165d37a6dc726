/** The embedded store as its callers see it: every call crosses to the thread that does the work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asPawdexError, PawdexError } from '../../errors.js';
import { DeathCount, RestartingWorker, type WorkerWatcher } from '../../threads/restarting-worker.js';
import type {
  BareHit,
  BulkPatch,
  CollectionInfo,
  CollectionPatch,
  CollectionSpec,
  Facet,
  Filter,
  Hit,
  Item,
  ItemPage,
  ItemPatch,
  ItemWithVector,
  NewItem,
  PutResult,
  SearchOptions,
  Store,
  StoreStats,
  Target,
} from '../store.js';
import type { VectorPage } from './calls.js';
import type { CoreOptions } from './core.js';
import { type PackedHits, unpackHits } from './wire.js';

/** Settings of {@link openEmbeddedStore}. */
export interface EmbeddedStoreOptions extends WorkerWatcher {
  /** Where everything is kept; created when missing. */
  dataDir: string;
  /** Module that provides the HNSW graph; searches are exact when it cannot be loaded. */
  graphLibrary?: string;
  /** Goes on with what can still be read of a damaged data directory; its database is kept beside. */
  acceptDamage?: boolean;
}

/** Milliseconds after which a thread that replaces a dead one is asked about damage. */
const REWATCH_MS = 1000;
/** Items with vectors fetched at a time by {@link Store.iterate}. */
const ITERATE_PAGE = 256;

class EmbeddedStore implements Store {
  readonly #worker: RestartingWorker;
  #closing: Promise<void> | null = null;

  constructor(worker: RestartingWorker) {
    this.#worker = worker;
  }

  createCollection(spec: CollectionSpec): Promise<CollectionInfo> {
    return this.#call('createCollection', spec);
  }
  listCollections(): Promise<CollectionInfo[]> {
    return this.#call('listCollections');
  }
  getCollection(name: string): Promise<CollectionInfo> {
    return this.#call('getCollection', name);
  }
  updateCollection(name: string, patch: CollectionPatch): Promise<CollectionInfo> {
    return this.#call('updateCollection', name, patch);
  }
  deleteCollection(name: string): Promise<void> {
    return this.#call('deleteCollection', name);
  }
  put(collection: string, items: NewItem[]): Promise<PutResult[]> {
    return this.#call('put', collection, items);
  }
  get(collection: string, id: string): Promise<Item> {
    return this.#call('get', collection, id);
  }
  getVector(collection: string, id: string): Promise<Float32Array> {
    return this.#call('getVector', collection, id);
  }
  getThumbnail(collection: string, id: string): Promise<Uint8Array> {
    return this.#call('getThumbnail', collection, id);
  }
  known(collection: string, sha256: string[]): Promise<Map<string, { id: string; label: string | null }>> {
    return this.#call('known', collection, sha256);
  }
  list(collection: string, options: { limit: number; cursor?: string; filter?: Filter }): Promise<ItemPage> {
    return this.#call('list', collection, options);
  }
  update(collection: string, id: string, patch: ItemPatch): Promise<Item> {
    return this.#call('update', collection, id, patch);
  }
  delete(collection: string, ids: string[]): Promise<number> {
    return this.#call('delete', collection, ids);
  }
  updateMany(collection: string, target: Target, patch: BulkPatch): Promise<number> {
    return this.#call('updateMany', collection, target, patch);
  }
  deleteMany(collection: string, target: Target): Promise<number> {
    return this.#call('deleteMany', collection, target);
  }
  facets(collection: string, path: string, limit: number): Promise<Facet[]> {
    return this.#call('facets', collection, path, limit);
  }
  count(collection: string, filter?: Filter): Promise<number> {
    return this.#call('count', collection, filter);
  }
  labels(collection: string): Promise<{ label: string | null; count: number }[]> {
    return this.#call('labels', collection);
  }
  async search(collection: string, query: Float32Array, options: SearchOptions): Promise<Hit[]> {
    checkOptions(options);
    return this.#call('search', collection, query, options);
  }

  async searchMany(
    collection: string,
    queries: Float32Array[],
    options: SearchOptions,
  ): Promise<BareHit[][]> {
    checkOptions(options);
    const length = queries[0]?.length ?? 0;
    const joined = new Float32Array(queries.length * length);
    queries.forEach((query, i) => {
      if (query.length !== length)
        throw new PawdexError('vector_invalid', {
          detail: `Query ${i} has ${query.length} numbers, the first has ${length}.`,
        });
      joined.set(query, i * length);
    });
    if (this.#closing !== null) throw new PawdexError('shutting_down');
    const args = [collection, joined, queries.length, options];
    return unpackHits(await this.#worker.call<PackedHits>('searchMany', args, [joined.buffer]));
  }

  async *iterate(collection: string, options: { filter?: Filter } = {}): AsyncIterable<ItemWithVector> {
    let cursor: string | null | undefined;
    do {
      const page: VectorPage = await this.#call('page', collection, {
        ...options,
        limit: ITERATE_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const { dimension } = page;
      for (const [i, item] of page.items.entries())
        yield { ...item, vector: page.vectors.slice(i * dimension, (i + 1) * dimension) };
      cursor = page.next;
    } while (cursor !== null);
  }

  ready(): Promise<void> {
    return this.#call('ready');
  }

  async damage(): Promise<PawdexError | null> {
    for (;;) {
      try {
        return await this.#call<never>('watchDamage');
      } catch (error) {
        const { code } = asPawdexError(error);
        if (code === 'data_damaged') return asPawdexError(error);
        // Another thread takes the place of one that has died.
        if (code !== 'worker_failed') return null;
        await sleep(REWATCH_MS, undefined, { ref: false });
      }
    }
  }

  stats(): Promise<StoreStats> {
    return this.#call('stats');
  }

  close(): Promise<void> {
    this.#closing ??= this.#worker.call<void>('close', []).finally(() => this.#worker.terminate());
    return this.#closing;
  }

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    if (this.#closing !== null) return Promise.reject(new PawdexError('shutting_down'));
    return this.#worker.call<T>(method, args);
  }
}

function checkOptions({ k, ef }: SearchOptions): void {
  if (!Number.isSafeInteger(k) || k < 1)
    throw new PawdexError('invalid_request', { detail: 'k must be a whole number, 1 or more.' });
  if (ef !== undefined && (!Number.isSafeInteger(ef) || ef < 1))
    throw new PawdexError('invalid_request', { detail: 'ef must be a whole number, 1 or more.' });
}

/**
 * Opens the store of a data directory.
 *
 * @throws PawdexError `data_dir_locked`, `data_dir_newer`, `data_damaged`, `storage_full`, `storage_failed`
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const { dataDir, graphLibrary = 'hnswlib-node', acceptDamage = false } = options;
  const worker = await RestartingWorker.start({
    entry: new URL('./worker.js', import.meta.url),
    workerData: null,
    open: (client) => client.call('open', [{ dataDir, graphLibrary, acceptDamage } satisfies CoreOptions]),
    deaths: new DeathCount(),
    watcher: options,
  });
  return new EmbeddedStore(worker);
}
