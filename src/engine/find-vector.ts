/** Reads from the store what may have been deleted since it was listed. */
import { asPawdexError } from '../errors.js';
import type { Store } from '../store/store.js';

/** Waits for `read`. Returns null if the item was deleted after it was listed. */
export async function nullIfDeleted<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (asPawdexError(error).code === 'item_not_found') {
      return null;
    }
    throw error;
  }
}

/** Reads the item's vector, or null if it was deleted after it was listed. */
export function findVector(store: Store, collection: string, id: string): Promise<Float32Array | null> {
  return nullIfDeleted(store.getVector(collection, id));
}
