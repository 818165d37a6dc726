/**
 * Detects image formats by their exact signatures; names and declared types of files are never trusted. libvips
 * checks the bytes again and may only use the loaders of these formats (libvips.ts), so an ambiguous file is read as
 * the format detected here or not at all.
 */
import { isBitmap } from './bitmap.js';

export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff' | 'heic' | 'bmp';

/** Reads the four letters that name a brand, a box or a chunk. */
export const readFourLetters = (bytes: Uint8Array, offset: number): string =>
  Buffer.from(bytes.subarray(offset, offset + 4)).toString('latin1');

/** Largest accepted `ftyp` box; real ones list a handful of brands. */
const MAX_FTYP_BYTES = 512;

/** Reads the brands of an ISO base media file, the major one first. @returns null for other files */
function readIsoBrands(bytes: Uint8Array): string[] | null {
  if (bytes.length < 16 || readFourLetters(bytes, 4) !== 'ftyp') {
    return null;
  }
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (size < 16 || size > MAX_FTYP_BYTES || size % 4 !== 0 || size > bytes.length) {
    return null;
  }
  // Bytes 12 to 16 are the version of the major brand.
  const starts = [8, ...Array.from({ length: (size - 16) / 4 }, (_, i) => 16 + 4 * i)];
  return starts.map((offset) => readFourLetters(bytes, offset));
}

const AVIF_BRANDS = new Set(['avif', 'avis']);
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);

function detectIsoKind(bytes: Uint8Array): ImageKind | null {
  const brands = readIsoBrands(bytes);
  if (brands === null) {
    return null;
  }
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) {
    return 'avif';
  }
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? 'heic' : null;
}

const SIGNATURES: readonly [kind: ImageKind, offset: number, text: string][] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['gif', 0, 'GIF87a'],
  ['gif', 0, 'GIF89a'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
];

/** Compares byte by byte. It runs for every image, and creating a view of the bytes would cost more than comparing. */
function hasText(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) {
      return false;
    }
  }
  return true;
}

/**
 * Detects the format of an image.
 *
 * @param bytes the file's content
 * @returns null if the format is not supported
 */
export function sniff(bytes: Uint8Array): ImageKind | null {
  if (bytes.length < 12) {
    return null;
  }
  const signature = SIGNATURES.find(([, offset, text]) => hasText(bytes, offset, text));
  if (signature !== undefined) {
    return signature[0];
  }
  if (hasText(bytes, 0, 'RIFF') && hasText(bytes, 8, 'WEBPVP8')) {
    return 'webp';
  }
  return isBitmap(bytes) ? 'bmp' : detectIsoKind(bytes);
}

/** Formats that users send but pawdex does not support, by signature, so that the error can name them. */
const FOREIGN: readonly [name: string, offset: number, text: string][] = [
  ['Camera RAW', 0, 'IIRO'],
  ['Camera RAW', 0, 'IIRS'],
  ['Camera RAW', 0, 'IIU\0'],
  ['Camera RAW', 0, 'FUJIFILMCCD-RAW'],
  ['Camera RAW', 0, '\0MRM'],
  ['Camera RAW', 0, 'FOVb'],
  ['Camera RAW', 4, 'ftypcrx '],
  ['BigTIFF', 0, 'II+\0'],
  ['BigTIFF', 0, 'MM\0+'],
  ['BMP', 0, 'BM'],
  ['PSD', 0, '8BPS'],
  ['JPEG XL', 0, '\xff\x0a'],
  ['JPEG XL', 4, 'JXL '],
  ['JPEG 2000', 4, 'jP  '],
  ['JPEG 2000', 0, '\xff\x4f\xff\x51'],
  ['PDF', 0, '%PDF-'],
  ['SVG', 0, '<svg'],
  ['HTML', 0, '<!DOCTYPE html'],
  ['Video', 4, 'ftyp'],
];

/** Names a format that pawdex does not support. @returns null if it is unknown */
export function nameForeignFormat(bytes: Uint8Array): string | null {
  return FOREIGN.find(([, offset, text]) => hasText(bytes, offset, text))?.[0] ?? null;
}
