/**
 * Decodes Windows bitmaps (BMP), for which libvips has no reader: 1 to 32 bits per pixel, with a palette or masks, but
 * without compression.
 */
import { PawdexError } from '../errors.js';

/** Sizes of the header after the 14 bytes of the file header; the first is that of OS/2. */
const HEADER_SIZES = new Set([12, 40, 52, 56, 108, 124]);
const FILE_HEADER = 14;
const UNCOMPRESSED = 0;
const WITH_MASKS = 3;
const WITH_ALPHA_MASK = 6;
const DEPTHS = new Set([1, 2, 4, 8, 16, 24, 32]);
/** Default masks for red, green, blue and alpha. */
const MASKS: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  32: [0xff0000, 0xff00, 0xff, 0],
};

interface BitmapHeader {
  width: number;
  height: number;
  isTopDown: boolean;
  depth: number;
  /** Offset of the pixels, and the number of bytes per row. */
  offset: number;
  stride: number;
  palette: { start: number; entry: number; count: number };
  masks: readonly number[];
}

const createView = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

/** Whether bytes start like a bitmap. Its two letters are not enough, because texts may start with them, too. */
export function isBitmap(bytes: Uint8Array): boolean {
  if (bytes.length < FILE_HEADER + 16 || bytes[0] !== 0x42 || bytes[1] !== 0x4d) {
    return false;
  }
  const view = createView(bytes);
  const size = view.getUint32(14, true);
  return HEADER_SIZES.has(size) && view.getUint16(size === 12 ? 22 : 26, true) === 1;
}

/** @throws PawdexError image_corrupt; image_unsupported for compressed pixels */
export function readBitmapHeader(bytes: Uint8Array): BitmapHeader {
  const view = createView(bytes);
  const size = view.getUint32(14, true);
  const isOld = size === 12;
  if (bytes.length < FILE_HEADER + size + 2) {
    throw new PawdexError('image_corrupt');
  }
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = isOld ? view.getUint16(20, true) : view.getInt32(22, true);
  const depth = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? UNCOMPRESSED : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0 || !DEPTHS.has(depth)) {
    throw new PawdexError('image_corrupt');
  }
  const hasMasks = compression === WITH_MASKS || compression === WITH_ALPHA_MASK;
  if (compression !== UNCOMPRESSED && !(hasMasks && depth in MASKS)) {
    throw new PawdexError('image_unsupported', {
      detail: 'BMP files with compressed pixels are not supported.',
    });
  }
  const hasAlphaMask = hasMasks && (size >= 56 || compression === WITH_ALPHA_MASK);
  const readMask = (at: number) => (at + 4 <= bytes.length ? view.getUint32(at, true) : 0);
  const masks = hasMasks
    ? [...[54, 58, 62].map(readMask), hasAlphaMask ? readMask(66) : 0]
    : (MASKS[depth] ?? []);
  const used = isOld || size < 40 ? 0 : view.getUint32(46, true);
  return {
    width,
    height,
    isTopDown: signedHeight < 0,
    depth,
    masks,
    offset: view.getUint32(10, true),
    stride: Math.ceil((width * depth) / 32) * 4,
    palette: {
      start: FILE_HEADER + size,
      entry: isOld ? 3 : 4,
      count: Math.min(used === 0 ? 256 : used, 2 ** depth),
    },
  };
}

/** Reads the colour of the pixel at `x` in the row that starts at `row`, into the bytes from `to` in `out`. */
type ReadPixel = (row: number, x: number, out: Uint8Array, to: number) => void;

/** Pixels of up to eight bits are palette indices; those beyond its end are black. */
function createPaletteReader(bytes: Uint8Array, { depth, palette }: BitmapHeader): ReadPixel {
  const perByte = 8 / depth;
  return (row, x, out, to) => {
    const shift = 8 - depth * ((x % perByte) + 1);
    const index = (bytes[row + Math.floor(x / perByte)]! >> shift) & (2 ** depth - 1);
    const from = palette.start + index * palette.entry;
    for (let channel = 0; channel < 3; channel++) {
      out[to + channel] = index < palette.count ? (bytes[from + 2 - channel] ?? 0) : 0;
    }
    out[to + 3] = 255;
  };
}

/** Pixels of 16 or 32 bits have their colours in masks. */
function createMaskReader(bytes: Uint8Array, { depth, masks }: BitmapHeader): ReadPixel {
  const view = createView(bytes);
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, maxValue: mask >>> shift };
  });
  return (row, x, out, to) => {
    const value = depth === 16 ? view.getUint16(row + x * 2, true) : view.getUint32(row + x * 4, true);
    channels.forEach(({ mask, shift, maxValue }, channel) => {
      const missing = channel === 3 ? 255 : 0;
      out[to + channel] =
        maxValue === 0 ? missing : Math.round((((value & mask) >>> shift) * 255) / maxValue);
    });
  };
}

function createTripletReader(bytes: Uint8Array): ReadPixel {
  return (row, x, out, to) => {
    const from = row + x * 3;
    out[to] = bytes[from + 2]!;
    out[to + 1] = bytes[from + 1]!;
    out[to + 2] = bytes[from]!;
    out[to + 3] = 255;
  };
}

/**
 * Decodes a bitmap.
 *
 * @returns uint8 [height, width, 4]: red, green, blue and alpha
 * @throws PawdexError image_corrupt, also if pixels are missing; image_unsupported
 */
export function decodeBitmap(bytes: Uint8Array): { data: Uint8Array; width: number; height: number } {
  const header = readBitmapHeader(bytes);
  const { width, height, isTopDown, depth, offset, stride } = header;
  if (offset + stride * height > bytes.length) {
    throw new PawdexError('image_corrupt');
  }
  const readPixel =
    depth === 24
      ? createTripletReader(bytes)
      : depth <= 8
        ? createPaletteReader(bytes, header)
        : createMaskReader(bytes, header);
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const row = offset + stride * (isTopDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      readPixel(row, x, data, (y * width + x) * 4);
    }
  }
  return { data, width, height };
}
