/** Finds the best available picture of an item, so that another encoder can embed it. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { catchAsNull } from '../errors.js';
import { readWholeFile } from '../files/open-file.js';
import { computeSha256Async } from '../files/sha256.js';
import type { Item, Store } from '../store/store.js';
import type { PictureOrigin } from './engine.js';

export interface FoundPicture {
  bytes: Uint8Array;
  origin: PictureOrigin;
}

/** Where to look for pictures. */
interface PictureSources {
  /** Folders that hold photos under the names in `source`. */
  photos?: readonly string[] | undefined;
  /** Whether previews of 160 pixels are acceptable. */
  previews?: boolean | undefined;
}

/** What is known about the photo. */
type PhotoIdentity = Pick<Item, 'source' | 'sha256' | 'size'>;

/** No photo is larger. */
const MAX_BYTES = 512 * 2 ** 20;

function isInside(folder: string, file: string): boolean {
  const way = path.relative(folder, file);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/**
 * Finds the photo itself in the named folders: a file with the same size and checksum.
 *
 * @returns null if there is none
 */
async function findPhotoFile(
  { source, sha256, size }: PhotoIdentity,
  folders: readonly string[],
): Promise<Uint8Array | null> {
  for (const folder of source === null ? [] : folders) {
    const file = path.resolve(folder, source!);
    // A source may be what a client said it is: it must not lead to other files of this machine.
    if (!isInside(folder, file) || size > MAX_BYTES) {
      continue;
    }
    const found = await stat(file).catch(() => null);
    if (found === null || !found.isFile() || found.size !== size) {
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
 * Finds the best picture of an item: its original, its file, a smaller copy, or if acceptable its preview.
 *
 * @param kept the stored copy of the photo, or null
 * @param preview reads the preview
 */
export async function choosePicture(
  photo: PhotoIdentity,
  kept: Uint8Array | null,
  preview: () => Promise<Uint8Array | null>,
  { photos = [], previews = false }: PictureSources,
): Promise<FoundPicture | null> {
  if (kept !== null && kept.length === photo.size && (await computeSha256Async(kept)) === photo.sha256) {
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
  // The preview of a small photo has all its pixels.
  if (small !== null && small.length === photo.size && (await computeSha256Async(small)) === photo.sha256) {
    return { bytes: small, origin: 'original' };
  }
  return small !== null && previews ? { bytes: small, origin: 'preview' } : null;
}

/** Finds the best picture of a stored item. */
export async function findPicture(
  store: Store,
  collection: string,
  item: Item,
  sources: PictureSources,
): Promise<FoundPicture | null> {
  const ifSound = (read: Promise<Uint8Array | null>) => catchAsNull(read, 'picture_damaged');
  const preview = async () => (item.hasThumbnail ? ifSound(store.getThumbnail(collection, item.id)) : null);
  // It may be deleted in the meantime.
  const choose = async () =>
    choosePicture(item, await ifSound(store.getOriginal(collection, item.id)), preview, sources);
  return catchAsNull(choose(), 'item_not_found');
}
