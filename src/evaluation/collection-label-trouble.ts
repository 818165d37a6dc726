/** Finds probable label errors in a live collection, by its own searches. */
import type { Store } from '../store/store.js';
import { type CollectionQuery, countLabels, type WorkOptions } from './collection-queries.js';
import { type LabelTrouble, LabelTroubleCollector, type LabelTroubleOptions } from './label-trouble.js';
import { waitForIndex } from './wait-for-index.js';

/** Photos between two checks of whether the graph is being built. */
const CHECK_INTERVAL = 1024;
/** Queries sent to the store at once; few, so that other searches can run in between. */
const BATCH_SIZE = 16;

export interface CollectionTroubleOptions extends LabelTroubleOptions, WorkOptions {}

/**
 * Finds label errors as `findLabelTrouble` does. Skips items without a label.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason
 */
export async function findCollectionLabelTrouble(
  store: Store,
  name: string,
  { signal, onProgress, ...options }: CollectionTroubleOptions,
): Promise<LabelTrouble> {
  const collector = new LabelTroubleCollector(options);
  let batch: CollectionQuery[] = [];
  const total = [...(await countLabels(store, name)).values()].reduce((sum, count) => sum + count, 0);
  let done = 0;
  const flush = async () => {
    signal?.throwIfAborted();
    if (done % CHECK_INTERVAL === 0) {
      await waitForIndex(store, name, { signal, onProgress });
    }
    const vectors = batch.map(({ vector }) => vector);
    const found = await store.searchMany(name, vectors, { k: options.k + 1 });
    batch.forEach(({ id, label }, i) => {
      const neighbours = found[i]!.filter((hit) => hit.id !== id).slice(0, options.k);
      collector.add({ id, label, neighbours });
    });
    done += batch.length;
    batch = [];
    onProgress?.({ phase: 'asking', done: Math.min(done, total), total });
  };
  for await (const { id, label, vector } of store.iterate(name)) {
    if (label !== null) {
      batch.push({ id, label, vector });
    }
    if (batch.length === BATCH_SIZE) {
      await flush();
    }
  }
  if (batch.length > 0) {
    await flush();
  }
  return collector.getResult();
}
