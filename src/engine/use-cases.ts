/** Shared by the use cases of the engine. */
import { asPawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { Encoders, Room } from './encoders.js';
import type { KeptMaps } from './kept-maps.js';
import type { CollectionSpace, Spaces } from './spaces.js';

/** Dependencies of a use case. The encoder is that of the process or that of a collection. */
export interface EngineParts extends Room {
  store: Store;
  spaces: Spaces;
  maps: KeptMaps;
  encoders: Encoders;
}

/** How often to repeat a request whose collection moves to another space in the meantime. */
const MOST_ATTEMPTS = 3;

/**
 * Runs work on a collection with the encoder that it was embedded with. Repeats it if the collection moves to another
 * encoder in the meantime.
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
