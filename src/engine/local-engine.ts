/** Opens the engine in this process: an encoder, a store and the use cases that work with them. */
import path from 'node:path';
import { loadSimilarityStatistics } from '../breeds/similarity-statistics.js';
import type { Config } from '../config.js';
import { openEncoder } from '../encoder/open-encoder.js';
import { VIEW_COUNT } from '../image/decode-views.js';
import { openEmbeddedStore } from '../store/embedded/open-embedded-store.js';
import type { Store } from '../store/store.js';
import type { WorkerWatcher } from '../threads/restarting-worker.js';
import { addItems } from './add-items.js';
import { attachThumbnails } from './attach-thumbnails.js';
import { CollectionMaps } from './collection-map.js';
import { embedPhoto } from './embed-photo.js';
import { type EncoderRuntime, Encoders } from './encoders.js';
import type { Engine } from './engine.js';
import { drawHeatMap } from './explain-neighbours.js';
import { exportCollection } from './export-collection.js';
import { findDuplicates } from './find-duplicates.js';
import { identifyPhoto } from './identify-photo.js';
import { ImageEmbedder } from './image-embedder.js';
import { importCollection } from './import-collection.js';
import { type GalleryOutcome, loadGallery } from './load-gallery.js';
import * as manage from './manage-collections.js';
import { reembed } from './reembed.js';
import { searchItems } from './search-items.js';
import { type EngineContext, Spaces } from './spaces.js';

/** Settings of {@link openLocalEngine}. */
export interface LocalEngineOptions extends WorkerWatcher {
  config: Config;
  /** Favours throughput over latency, for a process that only does long work. */
  bulk?: boolean;
  /**
   * Whether the shipped gallery is used. If not, a new data directory gets it when it is opened next, which spares
   * this process two seconds. Default: true.
   */
  usesGallery?: boolean;
}

/** An engine with its store and load, for the process that owns it. */
export interface LocalEngine extends Engine {
  readonly store: Store;
  /** What happened to the shipped gallery at start; null if none is configured. */
  readonly gallery: GalleryOutcome | null;
  /** How much work waits for the encoder. */
  readonly load: Pick<ImageEmbedder, 'pending' | 'estimateSeconds' | 'assertCapacity'>;
}

/** Opens an encoder with everything that answers need. */
async function openRuntime(
  cardPath: string,
  options: LocalEngineOptions,
  isPrimary: boolean,
): Promise<EncoderRuntime> {
  const { config, bulk = false, onRestart, onCrash } = options;
  const encoder = await openEncoder({
    cardPath,
    threads: config.THREADS,
    // The queue must hold at least all views of one image.
    maxQueue: Math.max(config.MAX_QUEUE, ...Object.values(VIEW_COUNT)),
    // Additional encoders rarely need all lanes.
    bulk: bulk || !isPrimary,
    onRestart,
    onCrash,
  });
  try {
    const statistics = await loadSimilarityStatistics(
      path.join(path.dirname(cardPath), 'similarity.json'),
      encoder.info.fingerprint,
    );
    const embedder = new ImageEmbedder(encoder, {
      limits: { maxPixels: config.MAX_PIXELS, maxBytes: config.DECODE_MEMORY_MB * 2 ** 20 },
      decoders: Math.max(2, config.THREADS),
      maxQueue: config.MAX_QUEUE,
      patient: bulk,
    });
    return { encoder, embedder, statistics };
  } catch (error) {
    await encoder.close();
    throw error;
  }
}

function assembleEngine(
  store: Store,
  primary: EncoderRuntime,
  options: LocalEngineOptions,
  gallery: GalleryOutcome | null,
): LocalEngine {
  const encoders = new Encoders(primary, options.config.DATA_DIR, (cardPath) =>
    openRuntime(cardPath, options, false),
  );
  const spaces = new Spaces(store, encoders);
  const context: EngineContext = { store, encoders, spaces };
  // Each method is a use case that gets the context as its first argument.
  const bind =
    <A extends unknown[], R>(useCase: (context: EngineContext, ...args: A) => R) =>
    (...args: A) =>
      useCase(context, ...args);
  const maps = new CollectionMaps(store, spaces);
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= Promise.all([encoders.close(), maps.close()])
      .finally(() => store.close())
      .then(() => {});
    return closing;
  };
  return {
    encoder: primary.encoder.info,
    store,
    gallery,
    load: primary.embedder,
    identify: bind(identifyPhoto),
    search: bind(searchItems),
    embed: bind(embedPhoto),
    drawHeatMap: bind(drawHeatMap),
    listCollections: bind(manage.listCollections),
    getCollection: bind(manage.getCollection),
    createCollection: bind(manage.createCollection),
    updateCollection: bind(manage.updateCollection),
    deleteCollection: bind(manage.deleteCollection),
    addItems: bind(addItems),
    deleteItem: bind(manage.deleteItem),
    attachThumbnails: bind(attachThumbnails),
    getMap: (collection) => maps.get(collection),
    findDuplicates: bind(findDuplicates),
    calibrate: bind(manage.calibrate),
    evaluate: bind(manage.evaluate),
    findLabelTrouble: bind(manage.findLabelTrouble),
    reembed: bind(reembed),
    exportCollection: bind(exportCollection),
    importCollection: bind(importCollection),
    close,
  };
}

/**
 * Opens encoder and store, and fills `breeds` from the gallery if necessary.
 *
 * @throws PawdexError model_invalid, gallery_invalid, data_dir_locked, data_dir_newer, data_damaged, storage_*
 */
export async function openLocalEngine(options: LocalEngineOptions): Promise<LocalEngine> {
  const { config, usesGallery = true, onRestart, onCrash } = options;
  // Open the store first. It fails immediately if another process has the data directory, while loading the model takes a
  // moment.
  const store = await openEmbeddedStore({
    dataDir: config.DATA_DIR,
    acceptDamage: config.ACCEPT_DAMAGE,
    keepSnapshots: config.KEEP_SNAPSHOTS,
    onRestart,
    onCrash,
  });
  let primary: EncoderRuntime | null = null;
  try {
    primary = await openRuntime(config.MODEL, options, true);
    const { info } = primary.encoder;
    const isWanted = usesGallery || (await store.listCollections()).length > 0;
    const gallery =
      config.GALLERY === '' || !isWanted ? null : await loadGallery(config.GALLERY, store, info);
    return assembleEngine(store, primary, options, gallery);
  } catch (error) {
    await primary?.encoder.close();
    await store.close();
    throw error;
  }
}
