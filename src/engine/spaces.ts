/** Caches the embedding space of each collection, so that requests need not ask the store for it. */
import { type Calibration, selectCalibration } from '../breeds/calibration.js';
import type { EncoderInfo } from '../encoder/encoder.js';
import { PawdexError } from '../errors.js';
import type { CollectionInfo, Store } from '../store/store.js';

/** The embedding space of a collection, and its calibration. */
export interface Space extends Pick<CollectionInfo, 'fingerprint' | 'dimension' | 'model'> {
  /** Null when none was fitted for this encoder. */
  calibration: Calibration | null;
}

/** The spaces of all collections of a store. */
export class Spaces {
  readonly #store: Store;
  readonly #encoder: EncoderInfo;
  readonly #known = new Map<string, Space>();

  constructor(store: Store, encoder: EncoderInfo) {
    this.#store = store;
    this.#encoder = encoder;
  }

  /**
   * Returns the space of a collection, which must be that of this encoder.
   *
   * @throws PawdexError collection_not_found, model_mismatch
   */
  async require(collection: string): Promise<Space> {
    const space = this.#known.get(collection) ?? (await this.#read(collection));
    if (space.fingerprint !== this.#encoder.fingerprint) {
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${collection} was embedded with ${space.model}; this server runs ${this.#encoder.name}.`,
      });
    }
    return space;
  }

  /** Call it when a collection was deleted or calibrated. */
  forget(collection: string): void {
    this.#known.delete(collection);
  }

  async #read(collection: string): Promise<Space> {
    const { fingerprint, dimension, model, calibration } = await this.#store.getCollection(collection);
    const fitted = selectCalibration(calibration, this.#encoder.fingerprint);
    const space = { fingerprint, dimension, model, calibration: fitted };
    this.#known.set(collection, space);
    return space;
  }
}
