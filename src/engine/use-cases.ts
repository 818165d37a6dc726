/** What the use cases of the engine share. */
import { asPawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { Encoders, Room } from './encoders.js';
import type { KeptMaps } from './kept-maps.js';
import type { CollectionSpace, Spaces } from './spaces.js';

/** What a use case works with; the encoder is the one that the process was started with, or a collection's. */
export interface EngineParts extends Room {
  store: Store;
  spaces: Spaces;
  maps: KeptMaps;
  encoders: Encoders;
}

/** How often a question is asked of a collection that moves to another space meanwhile. */
const MOST_ATTEMPTS = 3;

/**
 * Does work on a collection with the encoder that it was embedded with, once more if the collection moves to another one
 * meanwhile.
 *
 * @throws PawdexError collection_not_found, model_mismatch; and what `work` throws
 */
export async function inSpaceOf<T>(
  parts: EngineParts,
  collection: string,
  work: (parts: EngineParts, space: CollectionSpace) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const space = await parts.spaces.require(collection);
    try {
      return await work({ ...parts, ...space.room }, space);
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || asPawdexError(error).code !== 'space_changed') {
        throw error;
      }
      parts.spaces.forget();
    }
  }
}
