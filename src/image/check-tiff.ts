/** Refuses TIFF files that libvips would decode to something other than the photo. */
import { readTiffTags, TAG, type TiffTags } from './tiff-tags.js';
import { createCameraRawError, createUnsupportedError, RAW_HINT } from './unsupported-error.js';

const REDUCED = 1;
const COLOUR_FILTER_ARRAY = 32803;
const LINEAR_RAW = 34892;
const UNSIGNED = 1;
const MAX_TIFF_CHANNELS = 5;
/** Greyscale (white or black as zero), RGB, palette, CMYK. */
const PLAIN_COLOURS = [0, 1, 2, 3, 5];
const YCBCR = 6;
const JPEG_COMPRESSIONS = [6, 7];
const UNSPECIFIED = 0;
const TIFF_HINT = 'Save it as an ordinary RGB TIFF or as a JPEG.';

/** @throws PawdexError image_unsupported */
export function checkTiff(bytes: Uint8Array, tags: TiffTags): void {
  const first = (tag: number) => tags.get(tag)?.[0];
  const isCr2 = bytes[8] === 0x43 && bytes[9] === 0x52;
  const photometric = first(TAG.photometric);
  if (
    isCr2 ||
    tags.has(TAG.dngVersion) ||
    photometric === COLOUR_FILTER_ARRAY ||
    photometric === LINEAR_RAW
  ) {
    throw createCameraRawError();
  }
  const area = (of: TiffTags) => (of.get(TAG.width)?.[0] ?? 0) * (of.get(TAG.height)?.[0] ?? 0);
  const hasLarger = (tags.get(TAG.subDirectories) ?? []).some(
    (at) => area(readTiffTags(bytes, at) ?? new Map()) > area(tags),
  );
  const isReduced = ((first(TAG.newSubfileType) ?? 0) & REDUCED) !== 0;
  if (hasLarger || isReduced) {
    throw createUnsupportedError(
      'The first picture of this TIFF is a preview, as in camera RAW files, which are not supported.',
      RAW_HINT,
    );
  }
  const isJpeg = JPEG_COMPRESSIONS.includes(first(TAG.compression) ?? 1);
  if (!PLAIN_COLOURS.includes(photometric ?? 1) && !(photometric === YCBCR && isJpeg)) {
    throw createUnsupportedError(
      'TIFF in Lab, YCbCr or another unusual colour space is not supported.',
      TIFF_HINT,
    );
  }
  // libvips would treat any fourth channel as transparency.
  if (tags.get(TAG.extraSamples)?.[0] === UNSPECIFIED) {
    throw createUnsupportedError(
      'TIFF with an extra channel of unknown meaning is not supported.',
      TIFF_HINT,
    );
  }
  const channels = first(TAG.samplesPerPixel) ?? 1;
  if (channels > MAX_TIFF_CHANNELS) {
    throw createUnsupportedError(`A TIFF with ${channels} channels is not a photo.`);
  }
  if ((tags.get(TAG.sampleFormat) ?? []).some((format) => format !== UNSIGNED)) {
    throw createUnsupportedError(
      'TIFF with signed or floating-point numbers is not supported.',
      'Save it with 8 or 16 bits per colour.',
    );
  }
  if ((tags.get(TAG.bitsPerSample) ?? []).some((bits) => bits > 16)) {
    throw createUnsupportedError(
      'TIFF with more than 16 bits per colour is not supported.',
      'Save it with 8 or 16 bits per colour.',
    );
  }
}
