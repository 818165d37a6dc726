/**
 * What an image's header says before a pixel is decoded: its size, whether pawdex can read it, and how much memory
 * that takes. Headers of JPEG and PNG are read here, in microseconds; libvips is asked about the others.
 */
import { PawdexError } from '../errors.js';
import { type JpegStructure, readJpegStructure } from './jpeg-structure.js';
import { sharp } from './libvips.js';
import { type ImageKind, nameForeignFormat, sniff } from './sniff.js';
import { readTiffTags, TAG, type TiffTags } from './tiff-tags.js';

/** A header that pawdex can go on with. */
export interface ImageHeader {
  kind: ImageKind;
  /** As stored, in pixels. */
  width: number;
  height: number;
  /** Bytes that decoding takes at its peak, beside the file itself; measured, rounded up. */
  memory: number;
  /** Pixels that a decoder goes through: those of a progressive JPEG once for each scan. */
  work: number;
  /** Whether nothing in the file can say that it is to be turned. */
  isUpright?: boolean;
  /** The file as it should be decoded, where that is not as it was sent. */
  mended?: Uint8Array;
  /** Of a JPEG without its end marker; all of it must be decoded to know whether it lacks more. */
  openEnd?: OpenEnd;
}

/** How to find out whether a JPEG without its end marker lacks more than that. */
export interface OpenEnd {
  /** What to decode instead of the file: this fails if any rows are missing. */
  probe: Uint8Array;
  /** What to take for a failure. */
  failOn: 'truncated' | 'warning';
}

type Header = Omit<ImageHeader, 'kind' | 'work'> & { work?: number };

const MIB = 2 ** 20;
/** What any decode takes: tables, lines of the resize. */
const FLOOR = 4 * MIB;
/** Share of a picture that lies in line buffers while it is made smaller a few lines at a time. */
const STREAMED = 0.3;

const createUnsupportedError = (detail: string, hint?: string) =>
  new PawdexError('image_unsupported', { detail, ...(hint === undefined ? {} : { hint }) });

const RAW_HINT = 'Export a JPEG from the camera or from your photo software and send that.';
const createCameraRawError = () =>
  createUnsupportedError('Camera RAW is not supported: export a JPEG.', RAW_HINT);

/** Throws the coded error for bytes that no decoder should see. */
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

/** More scans than any photo has: each one goes over the whole picture again. */
const MAX_SCANS = 100;

const LOSSLESS = [3, 11];
const PROGRESSIVE = [2, 10];
const READABLE = [0, 1, 9, ...PROGRESSIVE];

function checkJpeg({ coding, precision, scans }: JpegStructure): void {
  const hint = 'Save it again as an ordinary JPEG of 8 bits a colour.';
  if (LOSSLESS.includes(coding)) {
    throw createUnsupportedError('Lossless JPEG is not supported.', hint);
  }
  if (!READABLE.includes(coding)) {
    throw createUnsupportedError('Hierarchical JPEG is not supported.', hint);
  }
  if (precision !== 8) {
    throw createUnsupportedError(`JPEG of ${precision} bits a colour is not supported.`, hint);
  }
  if (scans > MAX_SCANS) {
    throw createUnsupportedError(`The JPEG has ${scans} scans; at most ${MAX_SCANS} are read.`, hint);
  }
}

/** How far a decoder may read ahead of the last pixel. */
const READ_AHEAD = new Uint8Array(16);
const END_MARKER = Uint8Array.of(0xff, 0xd9);

/**
 * A JPEG without its end marker, with one, and how to know whether it lacks more. libvips takes a file that ends too
 * early for a failure, but notices warnings only before the next lines, so never those of the last ones. A decoder
 * that keeps the whole image reads all of it before the first line.
 */
function closeJpeg(bytes: Uint8Array, isBuffered: boolean): { mended: Uint8Array; openEnd: OpenEnd } {
  // A lone FF at the end is the first half of the marker.
  const kept = bytes.at(-1) === 0xff ? bytes.subarray(0, -1) : bytes;
  const mended = Buffer.concat([kept, END_MARKER]);
  if (isBuffered) {
    return { mended, openEnd: { probe: mended, failOn: 'warning' } };
  }
  return { mended, openEnd: { probe: Buffer.concat([kept, READ_AHEAD]), failOn: 'truncated' } };
}

function readJpegHeader(bytes: Uint8Array): Header {
  const structure = readJpegStructure(bytes);
  if (structure === null) {
    throw new PawdexError('image_corrupt');
  }
  checkJpeg(structure);
  const { width, height, samplesPerPixel, components, coding, scans } = structure;
  const pixels = width * height;
  // A scan that has not all components, or not all their bits, means that all coefficients are kept, in 2 bytes each.
  const isBuffered = PROGRESSIVE.includes(coding) || scans > 1 || structure.firstScanComponents < components;
  // At most an eighth of each side is shrunk while reading; what is enlarged or little reduced is small.
  const coefficients = isBuffered ? 2.2 * pixels * samplesPerPixel : 0;
  return {
    width,
    height,
    memory: FLOOR + coefficients + Math.min(pixels, 2 * MIB + pixels / 16) * components * STREAMED,
    work: pixels * scans,
    isUpright: !structure.hasApp1,
    ...(structure.end === null ? closeJpeg(bytes, isBuffered) : {}),
  };
}

/** Channels of a PNG's colour types; a palette is read as colour. */
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 4, 4: 2, 6: 4 };

function readPngHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const firstChunk = Buffer.from(bytes.subarray(12, 16)).toString('latin1');
  if (firstChunk === 'CgBI') {
    throw createUnsupportedError(
      "Apple's CgBI form of PNG is not supported.",
      'Save it again as an ordinary PNG or JPEG.',
    );
  }
  if (firstChunk !== 'IHDR' || bytes.length < 33) {
    throw new PawdexError('image_corrupt');
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const pixels = width * height;
  // A transparent colour adds a channel.
  const channels = Math.max(PNG_CHANNELS[bytes[25]!] ?? 4, bytes[25] === 2 ? 4 : 2);
  const isInterlaced = bytes[28] !== 0;
  const whole = pixels * channels * (bytes[24] === 16 ? 2 : 1);
  return { width, height, memory: FLOOR + whole * (STREAMED + (isInterlaced ? 1 : 0)) };
}

/** Bytes a pixel that the decoders of these formats hold at their peak: the whole picture, some of it several times. */
const WHOLE = { gif: 5, webpLossless: 5, webpAnimated: 10, avif: 19, avifDeep: 25, avifAlpha: 12, heic: 13 };

function bytesPerPixel(
  kind: ImageKind,
  bytes: Uint8Array,
  { hasAlpha, bitsPerSample }: LibvipsHeader,
): number {
  if (kind === 'gif') {
    return WHOLE.gif;
  }
  if (kind === 'heic') {
    return WHOLE.heic;
  }
  if (kind === 'avif') {
    return (bitsPerSample > 8 ? WHOLE.avifDeep : WHOLE.avif) + (hasAlpha ? WHOLE.avifAlpha : 0);
  }
  const form = String.fromCharCode(bytes[15]!);
  const isAnimated = form === 'X' && (bytes[20]! & 2) !== 0;
  if (isAnimated) {
    return WHOLE.webpAnimated;
  }
  return form === ' ' ? 1 : WHOLE.webpLossless;
}

interface LibvipsHeader {
  width: number;
  height: number;
  hasAlpha: boolean;
  bitsPerSample: number;
}

/** @throws what libvips says of a header that it cannot read */
async function readLibvipsHeader(bytes: Uint8Array): Promise<LibvipsHeader> {
  const { width, height, hasAlpha, bitsPerSample } = await sharp(bytes, {
    limitInputPixels: false,
  }).metadata();
  return { width, height, hasAlpha: hasAlpha ?? false, bitsPerSample: bitsPerSample ?? 8 };
}

async function readWholeHeader(kind: ImageKind, bytes: Uint8Array): Promise<Header> {
  const header = await readLibvipsHeader(bytes);
  const { width, height } = header;
  return { width, height, memory: FLOOR + width * height * bytesPerPixel(kind, bytes, header) };
}

/**
 * libheif opens a sequence by its still picture, which is the first frame, but libvips only opens files whose major
 * brand it knows.
 */
function asStill(bytes: Uint8Array): Uint8Array | null {
  if (Buffer.from(bytes.subarray(8, 12)).toString('latin1') === 'avif') {
    return null;
  }
  const still = Uint8Array.from(bytes);
  still.set(Buffer.from('avif'), 8);
  return still;
}

async function readAvifHeader(bytes: Uint8Array): Promise<Header> {
  const still = asStill(bytes);
  const header = await readWholeHeader('avif', still ?? bytes);
  return still === null ? header : { ...header, mended: still };
}

const REDUCED = 1;
const COLOUR_FILTER_ARRAY = 32803;
const LINEAR_RAW = 34892;
const UNSIGNED = 1;
const MAX_TIFF_CHANNELS = 5;
/** Bilevel and grey in both directions, RGB, a palette, CMYK. */
const PLAIN_COLOURS = [0, 1, 2, 3, 5];
const YCBCR = 6;
const JPEG_COMPRESSIONS = [6, 7];
const UNSPECIFIED = 0;
const TIFF_HINT = 'Save it as an ordinary RGB TIFF or as a JPEG.';

function checkTiff(bytes: Uint8Array, tags: TiffTags): void {
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
      'The first picture of this TIFF is a preview; camera RAW files are built like that, and camera RAW is not supported.',
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
  // libvips takes any fourth channel for transparency.
  if (tags.get(TAG.extraSamples)?.[0] === UNSPECIFIED) {
    throw createUnsupportedError(
      'TIFF with an extra channel of unknown meaning is not supported.',
      TIFF_HINT,
    );
  }
  const channels = first(TAG.samplesPerPixel) ?? 1;
  if (channels > MAX_TIFF_CHANNELS) {
    throw createUnsupportedError(`A TIFF of ${channels} channels is not a photo.`);
  }
  if ((tags.get(TAG.sampleFormat) ?? []).some((format) => format !== UNSIGNED)) {
    throw createUnsupportedError(
      'TIFF of signed or floating point numbers is not supported.',
      'Save it with 8 or 16 bits a colour.',
    );
  }
  if ((tags.get(TAG.bitsPerSample) ?? []).some((bits) => bits > 16)) {
    throw createUnsupportedError(
      'TIFF of more than 16 bits a colour is not supported.',
      'Save it with 8 or 16 bits a colour.',
    );
  }
}

async function readTiffHeader(bytes: Uint8Array): Promise<Header> {
  const tags = readTiffTags(bytes);
  if (tags === null) {
    throw new PawdexError('image_corrupt');
  }
  checkTiff(bytes, tags);
  const { width, height } = await readLibvipsHeader(bytes);
  const first = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const depth = first(TAG.bitsPerSample, 1) > 8 ? 2 : 1;
  const perPixel = first(TAG.samplesPerPixel, 1) * depth;
  const rows = Math.min(height, first(TAG.tileHeight, first(TAG.rowsPerStrip, height)));
  // A strip or a row of tiles is decoded whole, and the library that decodes it holds it once more.
  return { width, height, memory: FLOOR + width * perPixel * (2 * rows + STREAMED * height) };
}

const readers: Readonly<Record<ImageKind, (bytes: Uint8Array) => Header | Promise<Header>>> = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  tiff: readTiffHeader,
  avif: readAvifHeader,
  gif: (bytes) => readWholeHeader('gif', bytes),
  webp: (bytes) => readWholeHeader('webp', bytes),
  heic: (bytes) => readWholeHeader('heic', bytes),
};

/**
 * Reads the header of an image.
 *
 * @throws PawdexError image_empty, image_unsupported, image_corrupt; libvips' own error for a header it cannot read
 */
export async function readHeader(bytes: Uint8Array): Promise<ImageHeader> {
  const kind = checkKind(bytes);
  const header = await readers[kind](bytes);
  return { kind, work: header.width * header.height, ...header };
}
