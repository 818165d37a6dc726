/** Finds the best available copy of an item's photo, so that another encoder can embed it. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { catchAsNull } from '../errors.js';
import { readWholeFile } from '../files/open-file.js';
import { computeSha256Async } from '../files/sha256.js';
import type { Item, Store } from '../store/store.js';
import type { CopyOrigin, ReembedOptions } from './engine.js';

/** The photo itself, or a smaller version of it. */
export interface PhotoCopy {
  bytes: Uint8Array;
  origin: CopyOrigin;
}

/** Where to look for copies, and whether a thumbnail will do. */
type CopySources = Pick<ReembedOptions, 'photos' | 'previews'>;

/** What is known about the photo. */
type PhotoIdentity = Pick<Item, 'source' | 'sha256' | 'size'>;

/** No photo is larger. */
const MAX_BYTES = 512 * 2 ** 20;

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/**
 * Finds the photo itself in the given folders: a file with the same size and checksum.
 *
 * @returns null if there is none
 */
async function findPhotoFile(
  { source, sha256, size }: PhotoIdentity,
  folders: readonly string[],
): Promise<Uint8Array | null> {
  for (const folder of source === null ? [] : folders) {
    const file = path.resolve(folder, source!);
    // The client chose the source, so it must not lead outside the folder.
    if (!isInside(folder, file) || size > MAX_BYTES) {
      continue;
    }
    const stats = await stat(file).catch(() => null);
    if (stats === null || !stats.isFile() || stats.size !== size) {
      continue;
    }
    const bytes = await readWholeFile(file).catch(() => null);
    if (bytes !== null && (await computeSha256Async(bytes)) === sha256) {
      return bytes;
    }
  }
  return null;
}

/**
 * Chooses the best copy of a photo: the photo itself, stored or in a folder; the reduced original; or if acceptable the thumbnail.
 *
 * @param storedCopy the original or reduced original, or null
 * @param readThumbnail returns null if there is none
 */
export async function chooseBestCopy(
  photo: PhotoIdentity,
  storedCopy: Uint8Array | null,
  readThumbnail: () => Promise<Uint8Array | null>,
  { photos = [], previews = false }: CopySources,
): Promise<PhotoCopy | null> {
  const isPhoto = async (bytes: Uint8Array) =>
    bytes.length === photo.size && (await computeSha256Async(bytes)) === photo.sha256;
  if (storedCopy !== null && (await isPhoto(storedCopy))) {
    return { bytes: storedCopy, origin: 'original' };
  }
  const file = await findPhotoFile(photo, photos);
  if (file !== null) {
    return { bytes: file, origin: 'file' };
  }
  if (storedCopy !== null) {
    return { bytes: storedCopy, origin: 'reduced' };
  }
  const thumbnail = await readThumbnail();
  // The thumbnail of a small photo is the photo itself.
  if (thumbnail !== null && (await isPhoto(thumbnail))) {
    return { bytes: thumbnail, origin: 'original' };
  }
  return thumbnail !== null && previews ? { bytes: thumbnail, origin: 'preview' } : null;
}

/** Finds the best copy of the photo of a stored item; null also if the item was deleted meanwhile. */
export async function findBestCopy(
  store: Store,
  collection: string,
  item: Item,
  sources: CopySources,
): Promise<PhotoCopy | null> {
  const ignoreDamaged = (read: Promise<Uint8Array | null>) => catchAsNull(read, 'picture_damaged');
  const readThumbnail = async () =>
    item.hasThumbnail ? ignoreDamaged(store.getThumbnail(collection, item.id)) : null;
  const choose = async () =>
    chooseBestCopy(item, await ignoreDamaged(store.getOriginal(collection, item.id)), readThumbnail, sources);
  return catchAsNull(choose(), 'item_not_found');
}
