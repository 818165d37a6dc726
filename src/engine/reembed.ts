/**
 * Moves a collection to another encoder. New vectors are stored in addition to the old ones as they are computed, so that
 * interrupted work can continue. At the end the store switches all items in one step.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CollectionInfo, Item, Store } from '../store/store.js';
import { embedCopies } from './embed-copies.js';
import type { EncoderRuntime } from './encoders.js';
import type { ReembedOptions, ReembedOutcome, UnembeddedItem } from './engine.js';
import { findBestCopy } from './find-best-copy.js';
import type { EngineContext } from './spaces.js';

/** Items embedded between two writes. */
const BATCH = 64;
/** Number of items without a copy to list. Others are only counted. */
const MAX_NAMED = 1000;
/** Milliseconds between checks of the index that is being built. */
const POLL_INTERVAL_MS = 200;

export async function reembed(
  { store, encoders, spaces }: EngineContext,
  collection: string,
  options: ReembedOptions = {},
): Promise<ReembedOutcome> {
  const info = await store.getCollection(collection);
  const runtime = await encoders.findNamed(options.encoder);
  const { name, fingerprint, dimension } = runtime.encoder.info;
  const reembedding = new Reembedding(store, runtime, info, options);
  let swapped = true;
  if (info.fingerprint !== fingerprint) {
    await store.beginReembedding(collection, { fingerprint, dimension, model: name });
    // From now on, added photos are embedded with both encoders.
    spaces.forget();
    try {
      swapped = await reembedding.run();
    } finally {
      spaces.forget();
    }
  }
  const missing = swapped ? [] : [...reembedding.missing.values()];
  return {
    collection: info.name,
    swapped,
    from: { name: info.model, fingerprint: info.fingerprint },
    to: { name, fingerprint },
    embedded: reembedding.embedded,
    missing: missing.length,
    examples: missing.slice(0, MAX_NAMED),
    dropped: reembedding.dropped,
  };
}

class Reembedding {
  readonly #store: Store;
  readonly #runtime: EncoderRuntime;
  readonly #collection: string;
  readonly #total: number;
  readonly #options: ReembedOptions;
  readonly embedded: ReembedOutcome['embedded'];
  /** By id. */
  readonly missing = new Map<string, UnembeddedItem>();
  dropped: number;
  #done = 0;

  constructor(
    store: Store,
    runtime: EncoderRuntime,
    { name, count }: CollectionInfo,
    options: ReembedOptions,
  ) {
    this.#store = store;
    this.#runtime = runtime;
    this.#collection = name;
    this.#total = count;
    this.#options = options;
    const before = options.resumeFrom;
    this.embedded = { original: 0, file: 0, reduced: 0, preview: 0, ...before?.embedded };
    this.dropped = before?.dropped ?? 0;
  }

  /** @returns whether the collection has moved; if not, items are in `missing` */
  async run(): Promise<boolean> {
    for (;;) {
      const missingBefore = this.missing.size;
      const embedded = await this.#embedAll();
      if (await this.#finish()) {
        return true;
      }
      // Look again for items that were put meanwhile.
      if (embedded === 0 && this.missing.size === missingBefore && !(await this.#dropMissing())) {
        return false;
      }
    }
  }

  /**
   * Waits for the index, and moves the collection.
   *
   * @returns false if items have no new vector
   */
  async #finish(): Promise<boolean> {
    const { signal, onProgress } = this.#options;
    for (;;) {
      signal?.throwIfAborted();
      const { fingerprint } = this.#runtime.encoder.info;
      const state = await this.#store.finishReembedding(this.#collection, fingerprint);
      if (state.state !== 'indexing') {
        return state.state === 'swapped';
      }
      onProgress?.({ phase: 'computing', done: state.done, total: state.total });
      await sleep(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }

  /**
   * Embeds items without a new vector, except those in `missing`.
   *
   * @returns the number of items
   */
  async #embedAll(): Promise<number> {
    let embedded = 0;
    let cursor: string | undefined;
    do {
      this.#options.signal?.throwIfAborted();
      const page = await this.#store.listUnembedded(this.#collection, { limit: BATCH, cursor });
      const items = page.items.filter(({ id }) => !this.missing.has(id));
      const vectors = items.length === 0 ? [] : await this.#embed(items);
      if (vectors.length > 0) {
        const { fingerprint } = this.#runtime.encoder.info;
        embedded += await this.#store.putSuccessorVectors(this.#collection, fingerprint, vectors);
        await this.#report();
      }
      this.#done += BATCH - (page.items.length - vectors.length);
      const done = Math.min(this.#done, this.#total - this.missing.size);
      this.#options.onProgress?.({ phase: 'embedding', done: Math.max(0, done), total: this.#total });
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return embedded;
  }

  async #embed(items: Item[]): Promise<{ id: string; vector: Float32Array }[]> {
    const find = (item: Item) => findBestCopy(this.#store, this.#collection, item, this.#options);
    const embedded = await embedCopies(this.#runtime, items, find, this.#options.signal);
    return embedded.flatMap((result, i) => {
      const { id, source } = items[i]!;
      if ('reason' in result) {
        this.missing.set(id, { id, source, reason: result.reason });
        return [];
      }
      this.embedded[result.origin]++;
      return [{ id, vector: result.vector }];
    });
  }

  /** @returns whether items were deleted */
  async #dropMissing(): Promise<boolean> {
    if (this.#options.dropMissing !== true || this.missing.size === 0) {
      return false;
    }
    this.dropped += await this.#store.deleteItems(this.#collection, { ids: [...this.missing.keys()] });
    this.missing.clear();
    await this.#report();
    return true;
  }

  async #report(): Promise<void> {
    await this.#options.onBatch?.({ embedded: this.embedded, dropped: this.dropped });
  }
}
