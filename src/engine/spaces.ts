/** Runs work on a collection in its embedding space, which is cached, so that requests need not ask the store for it. */
import { type Calibration, selectCalibration } from '../breeds/calibration.js';
import { asPawdexError, describeFailure, type Failure, PawdexError } from '../errors.js';
import type { CollectionInfo, Originals, Store } from '../store/store.js';
import type { EncoderRuntime, Encoders } from './encoders.js';

/** The encoder that a collection was embedded with, and its calibration. */
export interface CollectionSpace extends Pick<CollectionInfo, 'fingerprint' | 'dimension' | 'model'> {
  /** Null if none was fitted for this encoder. */
  calibration: Calibration | null;
  originals: Originals;
  /** Fingerprint of the encoder that the collection is moving to, or null. */
  movingTo: string | null;
  runtime: EncoderRuntime;
}

/** Says what to do about a collection whose encoder is missing. */
export function adviseOnMissingEncoder(
  { name, model }: Pick<CollectionInfo, 'name' | 'model'>,
  present: string,
): string {
  return `Move it to ${present} with \`pawdex reembed -c ${name}\`, or bring ${model} back with \`pawdex encoder add\`.`;
}

export class Spaces {
  readonly #store: Store;
  readonly #encoders: Encoders;
  readonly #known = new Map<string, CollectionSpace>();

  constructor(store: Store, encoders: Encoders) {
    this.#store = store;
    this.#encoders = encoders;
  }

  /**
   * Returns the space of a collection if this process has its encoder.
   *
   * @throws PawdexError collection_not_found, model_mismatch
   */
  async require(collection: string): Promise<CollectionSpace> {
    return this.#known.get(collection) ?? (await this.#read(collection));
  }

  /** Clears the cache, because a collection was deleted, calibrated, renamed or moved. */
  forget(): void {
    this.#known.clear();
  }

  /** Says why this process cannot search a collection; null if it can. */
  async findProblem(info: CollectionInfo): Promise<Failure | null> {
    if ((await this.#encoders.find(info.fingerprint)) !== null) {
      return null;
    }
    return describeFailure(this.#mismatch(info));
  }

  async #read(collection: string): Promise<CollectionSpace> {
    const info = await this.#store.getCollection(collection);
    const { fingerprint, dimension, model, originals, reembedding } = info;
    const runtime = await this.#encoders.find(fingerprint);
    if (runtime === null) {
      throw this.#mismatch(info);
    }
    const calibration = selectCalibration(info.calibration, fingerprint);
    const movingTo = reembedding?.fingerprint ?? null;
    const space = { fingerprint, dimension, model, calibration, originals, movingTo, runtime };
    this.#known.set(collection, space);
    return space;
  }

  #mismatch({ name, model }: CollectionInfo): PawdexError {
    const present = this.#encoders.primary.encoder.info.name;
    return new PawdexError('model_mismatch', {
      detail: `The collection ${name} was embedded with ${model}; this server runs ${present}.`,
      hint: adviseOnMissingEncoder({ name, model }, present),
    });
  }
}

/** Dependencies of a use case. The encoder is that of the process or that of a collection. */
export interface EngineParts extends EncoderRuntime {
  store: Store;
  spaces: Spaces;
  encoders: Encoders;
}

/** How often to repeat a request whose collection moves to another space in the meantime. */
const MAX_ATTEMPTS = 3;

/**
 * Runs work on a collection with the encoder that it was embedded with. Repeats it if the collection moves to another
 * encoder in the meantime.
 *
 * @throws PawdexError collection_not_found, model_mismatch; and what `work` throws
 */
export async function runInSpace<T>(
  parts: EngineParts,
  collection: string,
  work: (parts: EngineParts, space: CollectionSpace) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const space = await parts.spaces.require(collection);
    try {
      return await work({ ...parts, ...space.runtime }, space);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || asPawdexError(error).code !== 'space_changed') {
        throw error;
      }
      parts.spaces.forget();
    }
  }
}
