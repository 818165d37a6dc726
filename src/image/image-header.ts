/**
 * Reads an image's header: its size, whether pawdex can decode it, and how much memory that takes. Headers of JPEG
 * and PNG are parsed here, in microseconds; libvips reads the others.
 */
import { PawdexError } from '../errors.js';
import { readBitmapHeader } from './bitmap.js';
import { createCameraRawError, createUnsupportedError } from './image-errors.js';
import { type JpegStructure, readJpegStructure } from './jpeg-structure.js';
import { type Metadata, sharp } from './libvips.js';
import { completeJpeg, type OpenEnd } from './open-ended-jpeg.js';
import { type ImageKind, nameForeignFormat, readFourLetters, sniff } from './sniff.js';
import { readCheckedTiffTags, TAG } from './tiff-tags.js';

/** The header of an image that pawdex can decode. */
export interface ImageHeader {
  kind: ImageKind;
  /** As stored, in pixels. */
  width: number;
  height: number;
  /** Peak memory of decoding in bytes, without the file itself; measured and rounded up. */
  memory: number;
  /** Pixels that the decoder processes; those of a progressive JPEG count once per scan. */
  work: number;
  /** Whether the file cannot contain an orientation. */
  isUpright?: boolean;
  /** The corrected file to decode, if it differs from the one that was sent. */
  corrected?: Uint8Array;
  /** Set for a JPEG without its end marker, which must be decoded completely to know whether more is missing. */
  openEnd?: OpenEnd;
}

type Header = Omit<ImageHeader, 'kind' | 'work'> & { work?: number };

const MIB = 2 ** 20;
/** Memory of any decode, for tables and the lines of the resize. */
const BASE_BYTES = 4 * MIB;
/** Share of a picture in line buffers while it is resized a few lines at a time. */
const STREAMED_SHARE = 0.3;

/** Detects the format. @throws PawdexError image_empty, image_unsupported */
export function checkKind(bytes: Uint8Array): ImageKind {
  if (bytes.length === 0) {
    throw new PawdexError('image_empty');
  }
  const kind = sniff(bytes);
  if (kind !== null) {
    return kind;
  }
  const name = nameForeignFormat(bytes);
  if (name === 'Camera RAW') {
    throw createCameraRawError();
  }
  throw new PawdexError('image_unsupported', name === null ? {} : { detail: `${name} is not supported.` });
}

/** Limit of the scans of a JPEG, each of which processes the whole picture again. No photo has this many. */
const MAX_SCANS = 100;

const LOSSLESS = [3, 11];
const PROGRESSIVE = [2, 10];
const READABLE = [0, 1, 9, ...PROGRESSIVE];

function checkJpeg({ coding, precision, scans }: JpegStructure): void {
  const hint = 'Save it again as an ordinary JPEG with 8 bits per colour.';
  if (LOSSLESS.includes(coding)) {
    throw createUnsupportedError('Lossless JPEG is not supported.', hint);
  }
  if (!READABLE.includes(coding)) {
    throw createUnsupportedError('Hierarchical JPEG is not supported.', hint);
  }
  if (precision !== 8) {
    throw createUnsupportedError(`JPEG with ${precision} bits per colour is not supported.`, hint);
  }
  if (scans > MAX_SCANS) {
    throw createUnsupportedError(`The JPEG has ${scans} scans; the limit is ${MAX_SCANS}.`, hint);
  }
}

function readJpegHeader(bytes: Uint8Array): Header {
  const structure = readJpegStructure(bytes);
  if (structure === null) {
    throw new PawdexError('image_corrupt');
  }
  checkJpeg(structure);
  const { width, height, samplesPerPixel, components, coding, scans } = structure;
  const pixels = width * height;
  // If a scan lacks components or bits, the decoder keeps all coefficients, in 2 bytes each.
  const isBuffered = PROGRESSIVE.includes(coding) || scans > 1 || structure.firstScanComponents < components;
  // Decoders shrink to an eighth of each side at most; pictures that are enlarged or hardly shrunk are small.
  const coefficients = isBuffered ? 2.2 * pixels * samplesPerPixel : 0;
  return {
    width,
    height,
    memory: BASE_BYTES + coefficients + Math.min(pixels, 2 * MIB + pixels / 16) * components * STREAMED_SHARE,
    work: pixels * scans,
    isUpright: !structure.hasApp1,
    ...(structure.end === null ? completeJpeg(bytes, isBuffered) : {}),
  };
}

/** Channels per colour type of PNG; a palette counts as colour. */
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 4, 4: 2, 6: 4 };

function readPngHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const firstChunk = readFourLetters(bytes, 12);
  if (firstChunk === 'CgBI') {
    throw createUnsupportedError(
      "Apple's CgBI form of PNG is not supported.",
      'Save it again as an ordinary PNG or JPEG.',
    );
  }
  if (firstChunk !== 'IHDR' || bytes.length < 33) {
    throw new PawdexError('image_corrupt');
  }
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const pixels = width * height;
  // A transparent colour adds a channel.
  const channels = Math.max(PNG_CHANNELS[bytes[25]!] ?? 4, bytes[25] === 2 ? 4 : 2);
  const isInterlaced = bytes[28] !== 0;
  const whole = pixels * channels * (bytes[24] === 16 ? 2 : 1);
  return { width, height, memory: BASE_BYTES + whole * (STREAMED_SHARE + (isInterlaced ? 1 : 0)) };
}

/** Peak bytes per pixel of decoders that keep the whole picture, parts of it several times. */
const BYTES_PER_PIXEL = {
  gif: () => 5,
  avif: (_: Uint8Array, { bitsPerSample = 8, hasAlpha }: Metadata) =>
    (bitsPerSample > 8 ? 25 : 19) + (hasAlpha ? 12 : 0),
  webp: (bytes: Uint8Array) => {
    const form = String.fromCharCode(bytes[15]!);
    const isAnimated = form === 'X' && (bytes[20]! & 2) !== 0;
    const isLossy = form === ' ';
    return isAnimated ? 10 : isLossy ? 1 : 5;
  },
  heic: () => 13,
  bmp: 9,
};

/** @throws the error of libvips if it cannot read the header */
const readMetadata = (bytes: Uint8Array): Promise<Metadata> =>
  sharp(bytes, { limitInputPixels: false }).metadata();

async function readWholeHeader(kind: 'gif' | 'avif' | 'webp' | 'heic', bytes: Uint8Array): Promise<Header> {
  const metadata = await readMetadata(bytes);
  const { width, height } = metadata;
  return { width, height, memory: BASE_BYTES + width * height * BYTES_PER_PIXEL[kind](bytes, metadata) };
}

/**
 * Makes an AVIF sequence look like a still picture. libheif would open its first frame, but libvips only accepts
 * files whose major brand it knows.
 */
function toStill(bytes: Uint8Array): Uint8Array | null {
  if (readFourLetters(bytes, 8) === 'avif') {
    return null;
  }
  const still = Uint8Array.from(bytes);
  still.set(Buffer.from('avif'), 8);
  return still;
}

async function readAvifHeader(bytes: Uint8Array): Promise<Header> {
  const still = toStill(bytes);
  const header = await readWholeHeader('avif', still ?? bytes);
  return still === null ? header : { ...header, corrected: still };
}

async function readTiffHeader(bytes: Uint8Array): Promise<Header> {
  const tags = readCheckedTiffTags(bytes);
  const { width, height } = await readMetadata(bytes);
  const readTag = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const depth = readTag(TAG.bitsPerSample, 1) > 8 ? 2 : 1;
  const perPixel = readTag(TAG.samplesPerPixel, 1) * depth;
  const rows = Math.min(height, readTag(TAG.tileHeight, readTag(TAG.rowsPerStrip, height)));
  // A strip or row of tiles is decoded as a whole, and kept twice.
  return { width, height, memory: BASE_BYTES + width * perPixel * (2 * rows + STREAMED_SHARE * height) };
}

function readBmpHeader(bytes: Uint8Array): Header {
  const { width, height } = readBitmapHeader(bytes);
  return { width, height, memory: BASE_BYTES + width * height * BYTES_PER_PIXEL.bmp };
}

const HEADER_READERS: Readonly<Record<ImageKind, (bytes: Uint8Array) => Header | Promise<Header>>> = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  tiff: readTiffHeader,
  avif: readAvifHeader,
  gif: (bytes) => readWholeHeader('gif', bytes),
  webp: (bytes) => readWholeHeader('webp', bytes),
  heic: (bytes) => readWholeHeader('heic', bytes),
  bmp: readBmpHeader,
};

/**
 * Reads the header of an image.
 *
 * @throws PawdexError image_empty, image_unsupported, image_corrupt; the error of libvips for a header it cannot read
 */
export async function readHeader(bytes: Uint8Array): Promise<ImageHeader> {
  const kind = checkKind(bytes);
  const header = await HEADER_READERS[kind](bytes);
  return { kind, work: header.width * header.height, ...header };
}
