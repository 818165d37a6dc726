/** Adds thumbnails to items that were added without one. */
import { asPawdexError, PawdexError } from '../errors.js';
import { decode } from '../image/decode.js';
import { sniff } from '../image/sniff.js';
import type { AttachStatus, ThumbnailInput } from './engine.js';
import type { EngineContext } from './spaces.js';

/** Largest thumbnail, in bytes. */
const MAX_BYTES = 64 * 1024;
/** Largest thumbnail, in pixels. */
const MAX_PIXELS = 512 * 512;

/** @throws PawdexError thumbnail_invalid */
async function checkThumbnail({ thumbnail }: ThumbnailInput): Promise<void> {
  const kind = sniff(thumbnail);
  const toError = (detail: string) => new PawdexError('thumbnail_invalid', { detail });
  if (kind !== 'jpeg' && kind !== 'webp') {
    throw toError('It is neither a JPEG nor a WebP.');
  }
  if (thumbnail.length > MAX_BYTES) {
    throw toError(`It has ${thumbnail.length} bytes; the limit is ${MAX_BYTES}.`);
  }
  // Thumbnails are shown to people later, so each must be a complete picture.
  await decode(thumbnail, { size: 32, fit: 'cover', kernel: 'linear' }, { maxPixels: MAX_PIXELS }).catch(
    (error: unknown) => {
      throw toError(asPawdexError(error).message);
    },
  );
}

export async function attachThumbnails(
  { store }: EngineContext,
  collection: string,
  thumbnails: ThumbnailInput[],
): Promise<AttachStatus[]> {
  for (const input of thumbnails) {
    await checkThumbnail(input);
  }
  const known = await store.findKnown(
    collection,
    thumbnails.map(({ sha256 }) => sha256),
  );
  const attachable = thumbnails.flatMap(({ sha256, thumbnail }) => {
    const item = known.get(sha256);
    return item === undefined ? [] : [{ id: item.id, thumbnail }];
  });
  const attached = new Set(await store.attachThumbnails(collection, attachable));
  return thumbnails.map(({ sha256 }) => {
    const item = known.get(sha256);
    return item === undefined ? 'unknown' : attached.has(item.id) ? 'attached' : 'kept';
  });
}
