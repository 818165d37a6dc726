/** Reads from the store what may have been deleted since it was listed. */
import { catchAsNull } from '../errors.js';
import type { Store } from '../store/store.js';

/** Reads the item's vector, or null if it was deleted after it was listed. */
export function findVector(store: Store, collection: string, id: string): Promise<Float32Array | null> {
  return catchAsNull(store.getVector(collection, id), 'item_not_found');
}
