/** Reads the thumbnail of an item that may have none. */
import { catchAsNull } from '../errors.js';
import type { Store } from './store.js';

/** Returns the thumbnail of an item, or null if it has none, a damaged one, or was deleted in the meantime. */
export function findThumbnail(
  store: Pick<Store, 'getThumbnail'>,
  collection: string,
  id: string,
): Promise<Uint8Array | null> {
  return catchAsNull(
    store.getThumbnail(collection, id),
    'thumbnail_not_found',
    'picture_damaged',
    'item_not_found',
    'collection_not_found',
  );
}
