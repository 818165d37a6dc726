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

/** The settings that the engine reads. */
export type EngineConfig = Pick<
  Config,
  'DATA_DIR' | 'MODEL' | 'GALLERY' | 'THREADS' | 'MAX_PIXELS' | 'DECODE_MEMORY_MB' | 'MAX_QUEUE'
> &
  Partial<Pick<Config, 'ACCEPT_DAMAGE' | 'KEEP_SNAPSHOTS'>>;

/** Settings of {@link openLocalEngine}. */
export interface LocalEngineOptions extends WorkerWatcher {
  config: EngineConfig;
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
    identify: (image, options) => identifyPhoto(context, image, options),
    search: (collection, query, options) => searchItems(context, collection, query, options),
    embed: (image, options) => embedPhoto(context, image, options),
    drawHeatMap: (image, options) => drawHeatMap(context, image, options),
    listCollections: () => manage.listCollections(context),
    getCollection: (name) => manage.getCollection(context, name),
    createCollection: (name, description, options) =>
      manage.createCollection(context, name, description, options),
    updateCollection: (name, patch) => manage.updateCollection(context, name, patch),
    deleteCollection: (name) => manage.deleteCollection(context, name),
    addItems: (collection, items, options) => addItems(context, collection, items, options),
    deleteItem: (collection, id) => manage.deleteItem(context, collection, id),
    attachThumbnails: (collection, thumbnails) => attachThumbnails(context, collection, thumbnails),
    getMap: (collection) => maps.get(collection),
    findDuplicates: (collection, options) => findDuplicates(context, collection, options),
    calibrate: (collection, options) => manage.calibrate(context, collection, options),
    evaluate: (collection, options) => manage.evaluate(context, collection, options),
    findLabelTrouble: (collection, options) => manage.findLabelTrouble(context, collection, options),
    reembed: (collection, options) => reembed(context, collection, options),
    exportCollection: (collection, file, options) => exportCollection(context, collection, file, options),
    importCollection: (collection, file, options) => importCollection(context, collection, file, options),
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
    acceptDamage: config.ACCEPT_DAMAGE ?? false,
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
