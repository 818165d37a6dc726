/** Creates the pictures that are stored of photos: thumbnails for people, and reduced originals for another encoder. */
import { type PreparedImage, renderPrepared } from './decode.js';
import { sharp } from './libvips.js';
import { sniff } from './sniff.js';

/** Side of a thumbnail in pixels. */
const SIDE = 160;

/** Largest file, in bytes, that is kept as its own thumbnail. */
const SMALL_FILE = 24 * 1024;

/** Whether a JPEG has EXIF, XMP or IPTC segments, which may contain a position, a name or an orientation. */
function hasMetadata(jpeg: Uint8Array): boolean {
  let offset = 2;
  while (offset + 4 <= jpeg.length && jpeg[offset] === 0xff) {
    const marker = jpeg[offset + 1]!;
    if (marker === 0xda) {
      return false;
    }
    if (marker === 0xe1 || marker === 0xed || marker === 0xfe) {
      return true;
    }
    offset += 2 + ((jpeg[offset + 2]! << 8) | jpeg[offset + 3]!);
  }
  return true;
}

/**
 * Creates the thumbnail of a decoded image. A small JPEG without metadata is used unchanged, because encoding it again
 * would take more than a tenth of the indexing time and lose quality.
 *
 * @param original the file's bytes
 * @param pixels uint8 [size, size, 3] as `decode` returns it
 * @returns a JPEG, usually under 8 KiB
 */
export async function makeThumbnail(
  original: Uint8Array,
  pixels: Uint8Array,
  size: number,
): Promise<Uint8Array> {
  if (original.length <= SMALL_FILE && sniff(original) === 'jpeg' && !hasMetadata(original)) {
    return original;
  }
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .resize(SIDE, SIDE, { kernel: 'linear' })
    .jpeg({ quality: 75 })
    .toBuffer();
}

/** Shorter side, in pixels, of a picture that is stored instead of a photo: more than most encoders need. */
const REDUCED_SIDE = 448;

/**
 * Creates a smaller, upright copy of a photo, which another encoder can embed.
 *
 * @returns a JPEG, usually 40 to 80 KiB
 */
export async function makeReducedOriginal(image: PreparedImage): Promise<Uint8Array> {
  const { data, width, height } = await renderPrepared(image, (photo) =>
    photo.resize(REDUCED_SIDE, REDUCED_SIDE, { fit: 'outside', withoutEnlargement: true, kernel: 'cubic' }),
  );
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}
