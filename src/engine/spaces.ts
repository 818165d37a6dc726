/** Finds the embedding space of a collection, and keeps it, so that requests need not ask the store for it. */
import { type Calibration, selectCalibration } from '../breeds/calibration.js';
import { asPawdexError, describeFailure, type Failure, PawdexError } from '../errors.js';
import type { CollectionInfo, Originals, Store } from '../store/store.js';
import type { EncoderRuntime, Encoders } from './encoders.js';

/** The encoder that a collection was embedded with, and what belongs to its vectors. */
export interface CollectionSpace {
  runtime: EncoderRuntime;
  /** Null if none was fitted for this encoder. */
  calibration: Calibration | null;
  originals: Originals;
  /** Fingerprint of the encoder that the collection is moving to, or null. */
  movingTo: string | null;
}

/** Says what to do about a collection whose encoder is missing. */
export function adviseOnMissingEncoder(
  { name, model }: Pick<CollectionInfo, 'name' | 'model'>,
  present: string,
): string {
  return `Move it to ${present} with \`pawdex reembed -c ${name}\`, or bring ${model} back with \`pawdex encoder add\`.`;
}

/** How often to try work whose collection moves to another space meanwhile. */
const MAX_ATTEMPTS = 3;

export class Spaces {
  readonly #store: Store;
  readonly #encoders: Encoders;
  #cache = new Map<string, CollectionSpace>();

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
    return this.#cache.get(collection) ?? (await this.#read(collection));
  }

  /**
   * Runs work on a collection in its space. Repeats it if the collection moves to another space meanwhile.
   *
   * @throws PawdexError collection_not_found, model_mismatch; and what `work` throws
   */
  async run<T>(collection: string, work: (space: CollectionSpace) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const space = await this.require(collection);
      try {
        return await work(space);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || asPawdexError(error).code !== 'space_changed') {
          throw error;
        }
        this.forget();
      }
    }
  }

  /** Forgets all spaces, because a collection was deleted, calibrated, renamed or moved. */
  forget(): void {
    // Not cleared: a space that is being read keeps the old map, so that what it read before the change is not kept.
    this.#cache = new Map();
  }

  /** Says why this process cannot search a collection; null if it can. */
  async findProblem(info: CollectionInfo): Promise<Failure | null> {
    if ((await this.#encoders.find(info.fingerprint)) !== null) {
      return null;
    }
    return describeFailure(this.#mismatch(info));
  }

  async #read(collection: string): Promise<CollectionSpace> {
    const cache = this.#cache;
    const info = await this.#store.getCollection(collection);
    const runtime = await this.#encoders.find(info.fingerprint);
    if (runtime === null) {
      throw this.#mismatch(info);
    }
    const space = {
      runtime,
      calibration: selectCalibration(info.calibration, info.fingerprint),
      originals: info.originals,
      movingTo: info.reembedding?.fingerprint ?? null,
    };
    cache.set(collection, space);
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

/** What the use cases work with. */
export interface EngineContext {
  store: Store;
  encoders: Encoders;
  spaces: Spaces;
}
