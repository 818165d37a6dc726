/** Refuses TIFF files that libvips would decode to something other than the photo. */
import { createCameraRawError, createUnsupportedError, RAW_HINT } from './image-errors.js';
import { readTiffTags, TAG, type TiffTags } from './tiff-tags.js';

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
const DEPTH_HINT = 'Save it with 8 or 16 bits per colour.';
const TIFF_HINT = 'Save it as an ordinary RGB TIFF or as a JPEG.';

/** @throws PawdexError image_unsupported */
export function checkTiff(bytes: Uint8Array, tags: TiffTags): void {
  if (isCameraRaw(bytes, tags)) {
    throw createCameraRawError();
  }
  if (isPreview(bytes, tags)) {
    throw createUnsupportedError(
      'The first picture of this TIFF is a preview, as in camera RAW files, which are not supported.',
      RAW_HINT,
    );
  }
  const unsupported = FORMS.find(({ isUnsupported }) => isUnsupported(tags));
  if (unsupported !== undefined) {
    throw createUnsupportedError(`TIFF ${unsupported.description} is not supported.`, unsupported.hint);
  }
  const channels = readFirst(tags, TAG.samplesPerPixel) ?? 1;
  if (channels > MAX_TIFF_CHANNELS) {
    throw createUnsupportedError(`A TIFF with ${channels} channels is not a photo.`);
  }
}

const readFirst = (tags: TiffTags, tag: number) => tags.get(tag)?.[0];

function isCameraRaw(bytes: Uint8Array, tags: TiffTags): boolean {
  const isCr2 = bytes[8] === 0x43 && bytes[9] === 0x52;
  const photometric = readFirst(tags, TAG.photometric);
  return (
    isCr2 || tags.has(TAG.dngVersion) || photometric === COLOUR_FILTER_ARRAY || photometric === LINEAR_RAW
  );
}

/** Whether a larger picture follows the first one. */
function isPreview(bytes: Uint8Array, tags: TiffTags): boolean {
  const computeArea = (directory: TiffTags) =>
    (readFirst(directory, TAG.width) ?? 0) * (readFirst(directory, TAG.height) ?? 0);
  const hasLarger = (tags.get(TAG.subDirectories) ?? []).some(
    (at) => computeArea(readTiffTags(bytes, at) ?? new Map()) > computeArea(tags),
  );
  return hasLarger || ((readFirst(tags, TAG.newSubfileType) ?? 0) & REDUCED) !== 0;
}

/** Forms of a TIFF that libvips reads as something else. */
const FORMS: readonly { description: string; hint: string; isUnsupported: (tags: TiffTags) => boolean }[] = [
  {
    description: 'in Lab, YCbCr or another unusual colour space',
    hint: TIFF_HINT,
    isUnsupported: (tags) => {
      const photometric = readFirst(tags, TAG.photometric);
      const isJpeg = JPEG_COMPRESSIONS.includes(readFirst(tags, TAG.compression) ?? 1);
      return !PLAIN_COLOURS.includes(photometric ?? 1) && !(photometric === YCBCR && isJpeg);
    },
  },
  {
    description: 'with an extra channel of unknown meaning',
    hint: TIFF_HINT,
    // libvips would treat any fourth channel as transparency.
    isUnsupported: (tags) => readFirst(tags, TAG.extraSamples) === UNSPECIFIED,
  },
  {
    description: 'with signed or floating-point numbers',
    hint: DEPTH_HINT,
    isUnsupported: (tags) => (tags.get(TAG.sampleFormat) ?? []).some((format) => format !== UNSIGNED),
  },
  {
    description: 'with more than 16 bits per colour',
    hint: DEPTH_HINT,
    isUnsupported: (tags) => (tags.get(TAG.bitsPerSample) ?? []).some((bits) => bits > 16),
  },
];
