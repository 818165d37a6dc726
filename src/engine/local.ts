/** The engine in this process: encoder, store and breed vote wired together. */

import path from 'node:path';
import { calibrationFor } from '../breeds/calibration.js';
import { loadSimilarityStatistics, type SimilarityStatistics } from '../breeds/similarity-statistics.js';
import type { Config } from '../config.js';
import type { Urgency } from '../encoder/encoder.js';
import { type OpenedEncoder, openEncoder } from '../encoder/open.js';
import { PawdexError } from '../errors.js';
import { type CalibrationOutcome, calibrateCollection } from '../evaluation/calibrate-collection.js';
import { sampleVectors, type WorkOptions } from '../evaluation/collection-queries.js';
import { type CollectionEvaluation, evaluateCollection } from '../evaluation/evaluate-collection.js';
import { collectionLabelTrouble, type LabelTrouble } from '../evaluation/label-trouble.js';
import { VIEW_COUNT } from '../image/views.js';
import { openEmbeddedStore } from '../store/embedded/open.js';
import type {
  BulkPatch,
  CollectionInfo,
  Facet,
  Filter,
  Item,
  ItemPage,
  ItemPatch,
  LabelCount,
  Store,
  StoreStats,
  Target,
} from '../store/store.js';
import type { WorkerWatcher } from '../threads/restarting-worker.js';
import { Ask, type Space } from './ask.js';
import { findDuplicates } from './duplicates.js';
import { ImageEmbedder } from './embedding.js';
import type {
  AddOptions,
  AddResult,
  DuplicatePage,
  EmbedAnswer,
  Engine,
  HeatMapOptions,
  Identification,
  IdentifyOptions,
  ItemInput,
  LookOptions,
  NonPets,
  Query,
  SearchAnswer,
  SearchOptions,
} from './engine.js';
import { type GalleryOutcome, loadGallery } from './gallery.js';
import { Ingest } from './ingest.js';

/** The settings that the engine reads. */
export type EngineConfig = Pick<
  Config,
  'DATA_DIR' | 'MODEL' | 'GALLERY' | 'THREADS' | 'MAX_PIXELS' | 'DECODE_MEMORY_MB' | 'MAX_QUEUE'
> &
  Partial<Pick<Config, 'ACCEPT_DAMAGE'>>;

/** Settings of {@link openLocalEngine}. */
export interface LocalEngineOptions extends WorkerWatcher {
  config: EngineConfig;
  /** For a process that only does long work: larger batches, more images a second, none of them soon. */
  bulk?: boolean;
}

/** An engine with what its owner wants to see of it. */
export interface LocalEngine extends Engine {
  /** What became of the shipped gallery at start; null when none is configured. */
  readonly gallery: GalleryOutcome | null;
  /** Images accepted and not yet answered. */
  readonly pending: number;
  /** Seconds that the work of an urgency that has been accepted takes. */
  queueSeconds(urgency: Urgency): number;
  /** @throws PawdexError overloaded where work of this urgency would be refused now, with the time to wait */
  checkRoom(urgency: Urgency): void;
  storeStats(): Promise<StoreStats>;
  /** Resolves when every collection is in memory. @throws PawdexError data_damaged */
  ready(): Promise<void>;
  /** Resolves with the error when the data directory is found damaged, and with null when the engine is closed. */
  damage(): Promise<PawdexError | null>;
}

/** Images of bulk uploads in work at once: enough to keep every lane of the encoder busy. */
const BULK_PARALLEL = 16;
/** The same where nobody waits: two full batches in each of two lanes of the encoder, and decoded ones behind them. */
const BULK_ALONE_PARALLEL = 48;

class EmbeddedEngine implements LocalEngine {
  readonly gallery: GalleryOutcome | null;
  readonly #store: Store;
  readonly #encoder: OpenedEncoder;
  readonly #embedder: ImageEmbedder;
  readonly #ingest: Ingest;
  readonly #ask: Ask;
  readonly #statistics: SimilarityStatistics | null;
  readonly #spaces = new Map<string, Space>();
  #closing: Promise<void> | null = null;

  constructor(
    store: Store,
    encoder: OpenedEncoder,
    { config, bulk }: LocalEngineOptions,
    gallery: GalleryOutcome | null,
    statistics: SimilarityStatistics | null,
  ) {
    this.gallery = gallery;
    this.#statistics = statistics;
    this.#store = store;
    this.#encoder = encoder;
    this.#embedder = new ImageEmbedder(encoder, {
      limits: { maxPixels: config.MAX_PIXELS, maxBytes: config.DECODE_MEMORY_MB * 2 ** 20 },
      decoders: Math.max(2, config.THREADS),
      maxQueue: config.MAX_QUEUE,
      bulkAtOnce: Math.min(bulk ? BULK_ALONE_PARALLEL : BULK_PARALLEL, config.MAX_QUEUE),
      patient: bulk,
    });
    this.#ask = new Ask({
      store,
      encoder,
      embedder: this.#embedder,
      statistics: statistics?.answer ?? null,
      space: (name) => this.#space(name),
    });
    this.#ingest = new Ingest(store, this.#embedder, encoder.info.resize.size);
  }

  get encoder() {
    return this.#encoder.info;
  }

  get pending(): number {
    return this.#embedder.pending;
  }

  queueSeconds(urgency: Urgency): number {
    return this.#embedder.queueSeconds(urgency);
  }

  checkRoom(urgency: Urgency): void {
    this.#embedder.checkRoom(urgency);
  }

  identify(image: Uint8Array, options: IdentifyOptions): Promise<Identification> {
    return this.#ask.identify(image, options);
  }

  search(collection: string, query: Query, options: SearchOptions): Promise<SearchAnswer> {
    return this.#ask.search(collection, query, options);
  }

  embed(image: Uint8Array, options?: LookOptions): Promise<EmbedAnswer> {
    return this.#ask.embed(image, options);
  }

  heatMap(image: Uint8Array, options: HeatMapOptions): Promise<Uint8Array> {
    return this.#ask.heatMap(image, options);
  }

  async calibrate(
    collection: string,
    options: WorkOptions & { nonPets?: NonPets } = {},
  ): Promise<CalibrationOutcome> {
    const { fingerprint } = await this.#space(collection);
    const vote = { fingerprint, ...this.#encoder.card.vote };
    const nonPets =
      options.nonPets === undefined ? (this.#statistics?.nonPets ?? []) : await this.#vectorsOf(options);
    const outcome = await calibrateCollection(this.#store, collection, { ...options, vote, nonPets });
    // Read anew by the next answer.
    this.#spaces.delete(collection);
    return outcome;
  }

  async evaluate(
    collection: string,
    options: WorkOptions & { nonPets?: NonPets } = {},
  ): Promise<CollectionEvaluation> {
    const { calibration } = await this.#space(collection);
    const { k, temperature } = this.#encoder.card.vote;
    return evaluateCollection(this.#store, collection, {
      ...options,
      k: calibration?.k ?? k,
      answering: { temperature, calibration, statistics: this.#statistics?.answer ?? null },
      nonPets: await this.#vectorsOf(options),
    });
  }

  async labelTrouble(
    collection: string,
    { threshold, ...options }: WorkOptions & { threshold: number; limit: number },
  ): Promise<LabelTrouble> {
    await this.#space(collection);
    const { vote } = this.#encoder.card;
    return collectionLabelTrouble(this.#store, collection, { ...vote, ...options, sameFrom: threshold });
  }

  async duplicates(
    collection: string,
    options: { threshold: number; limit: number; cursor?: string },
  ): Promise<DuplicatePage> {
    await this.#space(collection);
    return findDuplicates(this.#store, collection, options);
  }

  createCollection(name: string, description?: string): Promise<CollectionInfo> {
    const { dimension, fingerprint, name: model } = this.#encoder.info;
    return this.#store.createCollection({
      name,
      dimension,
      fingerprint,
      model,
      description,
    });
  }

  listCollections(): Promise<CollectionInfo[]> {
    return this.#store.listCollections();
  }

  getCollection(name: string): Promise<CollectionInfo> {
    return this.#store.getCollection(name);
  }

  async deleteCollection(name: string): Promise<void> {
    await this.#store.deleteCollection(name);
    this.#spaces.delete(name);
  }

  async addItems(collection: string, items: ItemInput[], options?: AddOptions): Promise<AddResult[]> {
    await this.#space(collection);
    return this.#ingest.add(collection, items, options);
  }

  known(collection: string, sha256: string[]): Promise<Map<string, { id: string; label: string | null }>> {
    return this.#store.known(collection, sha256);
  }

  getItem(collection: string, id: string): Promise<Item> {
    return this.#store.get(collection, id);
  }

  listItems(
    collection: string,
    options: { limit: number; cursor?: string; filter?: Filter },
  ): Promise<ItemPage> {
    return this.#store.list(collection, options);
  }

  updateItem(collection: string, id: string, patch: ItemPatch): Promise<Item> {
    return this.#store.update(collection, id, patch);
  }

  async deleteItem(collection: string, id: string): Promise<void> {
    if ((await this.#store.delete(collection, [id])) === 0) throw new PawdexError('item_not_found');
  }

  updateItems(collection: string, target: Target, patch: BulkPatch): Promise<number> {
    return this.#store.updateMany(collection, target, patch);
  }

  deleteItems(collection: string, target: Target): Promise<number> {
    return this.#store.deleteMany(collection, target);
  }

  listLabels(collection: string): Promise<LabelCount[]> {
    return this.#store.labels(collection);
  }

  listFacets(collection: string, field: string, limit: number): Promise<Facet[]> {
    return this.#store.facets(collection, field, limit);
  }

  getThumbnail(collection: string, id: string): Promise<Uint8Array> {
    return this.#store.getThumbnail(collection, id);
  }

  storeStats(): Promise<StoreStats> {
    return this.#store.stats();
  }

  ready(): Promise<void> {
    return this.#store.ready();
  }

  damage(): Promise<PawdexError | null> {
    return this.#store.damage();
  }

  close(): Promise<void> {
    this.#closing ??= this.#encoder.close().finally(() => this.#store.close());
    return this.#closing;
  }

  /** @throws PawdexError collection_not_found, model_mismatch, vector_invalid */
  async #vectorsOf({ nonPets, signal }: WorkOptions & { nonPets?: NonPets }): Promise<Float32Array[]> {
    if (nonPets === undefined) return [];
    if ('collection' in nonPets) {
      await this.#space(nonPets.collection);
      return sampleVectors(this.#store, nonPets.collection, signal);
    }
    const { dimension } = this.#encoder.info;
    if (nonPets.embeddings.some(({ length }) => length !== dimension))
      throw new PawdexError('vector_invalid', {
        detail: `Embeddings of this model have ${dimension} numbers.`,
      });
    return nonPets.embeddings;
  }

  /** @throws PawdexError collection_not_found, model_mismatch */
  async #space(name: string): Promise<Space> {
    let space = this.#spaces.get(name);
    if (space === undefined) {
      const { fingerprint, dimension, model, calibration } = await this.#store.getCollection(name);
      const fitted = calibrationFor(calibration, this.#encoder.info.fingerprint);
      space = { fingerprint, dimension, model, calibration: fitted };
      this.#spaces.set(name, space);
    }
    if (space.fingerprint !== this.#encoder.info.fingerprint)
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${name} was embedded with ${space.model}; this server runs ${this.#encoder.info.name}.`,
      });
    return space;
  }
}

/**
 * Opens encoder and store and fills `breeds` from the gallery where that is still to do.
 *
 * @throws PawdexError model_invalid, gallery_invalid, data_dir_locked, data_dir_newer, data_damaged, storage_*
 */
export async function openLocalEngine(options: LocalEngineOptions): Promise<LocalEngine> {
  const { config, bulk = false, onRestart, onCrash } = options;
  // The store first: that another process has the data directory is known at once, the model takes a moment.
  const store = await openEmbeddedStore({
    dataDir: config.DATA_DIR,
    acceptDamage: config.ACCEPT_DAMAGE ?? false,
    onRestart,
    onCrash,
  });
  let encoder: OpenedEncoder | null = null;
  try {
    encoder = await openEncoder({
      cardPath: config.MODEL,
      threads: config.THREADS,
      // An image that is looked at in several views is let in even where the queue is shorter than that.
      maxQueue: Math.max(config.MAX_QUEUE, ...Object.values(VIEW_COUNT)),
      bulk,
      onRestart,
      onCrash,
    });
    const gallery = config.GALLERY === '' ? null : await loadGallery(config.GALLERY, store, encoder.info);
    const statistics = await loadSimilarityStatistics(
      path.join(path.dirname(config.MODEL), 'similarity.json'),
      encoder.info.fingerprint,
    );
    return new EmbeddedEngine(store, encoder, options, gallery, statistics);
  } catch (error) {
    await encoder?.close();
    await store.close();
    throw error;
  }
}
