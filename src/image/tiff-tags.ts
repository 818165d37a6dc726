/** Reads the tags of a TIFF, and refuses files that libvips would decode to something other than the photo. */
import { PawdexError } from '../errors.js';
import { createCameraRawError, createUnsupportedError, RAW_HINT } from './image-errors.js';

/** Numeric values by tag; text and long lists are left out. */
type TiffTags = Map<number, number[]>;

export const TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  tileHeight: 323,
  subDirectories: 330,
  extraSamples: 338,
  sampleFormat: 339,
  dngVersion: 50706,
} as const;

/** Size of a value in bytes, by type: BYTE, SHORT, LONG and IFD. */
const SIZES: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 3: 2, 4: 4, 13: 4 };
/** Per tag. */
const MAX_VALUES = 64;

/** Reads the tags of a directory, by default the first. @returns null if it is not inside the file */
function readTiffTags(bytes: Uint8Array, directory?: number): TiffTags | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  try {
    const start = directory ?? view.getUint32(4, little);
    const tags: TiffTags = new Map();
    for (let i = 0; i < view.getUint16(start, little); i++) {
      const entry = start + 2 + 12 * i;
      const size = SIZES[view.getUint16(entry + 2, little)];
      const count = view.getUint32(entry + 4, little);
      if (size === undefined || count > MAX_VALUES) {
        continue;
      }
      const values = size * count <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
      const read = { 1: 'getUint8', 2: 'getUint16', 4: 'getUint32' } as const;
      tags.set(
        view.getUint16(entry, little),
        Array.from({ length: count }, (_, n) => view[read[size]](values + n * size, little)),
      );
    }
    return tags;
  } catch (error) {
    // A value lies beyond the end of the file.
    if (error instanceof RangeError) {
      return null;
    }
    throw error;
  }
}

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

/**
 * Reads the tags of the first picture, and refuses what libvips would decode to something else.
 *
 * @throws PawdexError image_corrupt, image_unsupported
 */
export function readCheckedTiffTags(bytes: Uint8Array): TiffTags {
  const tags = readTiffTags(bytes);
  if (tags === null) {
    throw new PawdexError('image_corrupt');
  }
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
  return tags;
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
