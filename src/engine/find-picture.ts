/** Finds a picture of an item again: for another encoder to embed, the nearer to the photo that was put the better. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { asPawdexError } from '../errors.js';
import type { Item, Store } from '../store/store.js';
import { computeContentHash } from './add-items.js';
import type { PictureOrigin } from './engine.js';

/** A picture with where it was found. */
interface FoundPicture {
  bytes: Uint8Array;
  origin: PictureOrigin;
}

/** Where pictures may be. */
interface PictureSources {
  /** Folders that hold photos under the names in `source`. */
  photos?: readonly string[] | undefined;
  /** Whether a preview of 160 pixels will do. */
  previews?: boolean | undefined;
}

/** What is known of the photo. */
type PhotoIdentity = Pick<Item, 'source' | 'sha256' | 'size'>;

/**
 * The photo itself among the named folders: a file of its very size and checksum, and no other.
 *
 * @returns null when it is in none of them
 */
async function findPhotoFile(
  { source, sha256, size }: PhotoIdentity,
  folders: readonly string[],
): Promise<Uint8Array | null> {
  for (const folder of source === null ? [] : folders) {
    const file = path.resolve(folder, source!);
    const found = await stat(file).catch(() => null);
    if (found === null || !found.isFile() || found.size !== size) {
      continue;
    }
    const bytes = await readFile(file).catch(() => null);
    if (bytes !== null && (await computeContentHash(bytes)) === sha256) {
      return bytes;
    }
  }
  return null;
}

/**
 * The best picture of an item: its original, its file, a reduced copy, or its preview where that will do.
 *
 * @param kept what is kept of the photo, or null
 * @param preview reads the preview
 */
export async function choosePicture(
  photo: PhotoIdentity,
  kept: Uint8Array | null,
  preview: () => Promise<Uint8Array | null>,
  { photos = [], previews = false }: PictureSources,
): Promise<FoundPicture | null> {
  if (kept !== null && kept.length === photo.size && (await computeContentHash(kept)) === photo.sha256) {
    return { bytes: kept, origin: 'original' };
  }
  const file = await findPhotoFile(photo, photos);
  if (file !== null) {
    return { bytes: file, origin: 'file' };
  }
  if (kept !== null) {
    return { bytes: kept, origin: 'reduced' };
  }
  const small = await preview();
  // A small photo is its own preview.
  if (small !== null && small.length === photo.size && (await computeContentHash(small)) === photo.sha256) {
    return { bytes: small, origin: 'original' };
  }
  return small !== null && previews ? { bytes: small, origin: 'preview' } : null;
}

/** The best picture of an item in a store. */
export async function findPicture(
  store: Store,
  collection: string,
  item: Item,
  sources: PictureSources,
): Promise<FoundPicture | null> {
  const preview = () => (item.hasThumbnail ? store.getThumbnail(collection, item.id) : Promise.resolve(null));
  try {
    return await choosePicture(item, await store.getOriginal(collection, item.id), preview, sources);
  } catch (error) {
    // Deleted meanwhile.
    if (asPawdexError(error).code === 'item_not_found') {
      return null;
    }
    throw error;
  }
}
