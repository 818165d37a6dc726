/** Image formats told apart by their first bytes; a file's name and declared type are never trusted. */
export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff' | 'heic';

const ascii = (bytes: Uint8Array, from: number, to: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.max(0, Math.min(to, bytes.length) - from)).toString(
    'latin1',
  );

/** ISO base media brands: AVIF is decoded, HEIC needs a codec that the prebuilt libvips leaves out. */
function isoBrand(bytes: Uint8Array): ImageKind | null {
  if (ascii(bytes, 4, 8) !== 'ftyp') return null;
  const declared = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
  const brands = ascii(bytes, 8, Math.min(declared, 64));
  if (/avi[fs]/.test(brands)) return 'avif';
  if (/hei[cxmsf]|hev[cxms]|mif1|msf1/.test(brands)) return 'heic';
  return null;
}

/**
 * The image kind of some bytes, or null when they are none that pawdex knows.
 *
 * @param bytes the file's content; the first 64 bytes decide
 */
export function sniff(bytes: Uint8Array): ImageKind | null {
  if (bytes.length < 12) return null;
  const [a, b, c, d] = bytes as unknown as [number, number, number, number];
  if (a === 0xff && b === 0xd8 && c === 0xff) return 'jpeg';
  if (a === 0x89 && ascii(bytes, 1, 8) === 'PNG\r\n\x1a\n') return 'png';
  if (ascii(bytes, 0, 6) === 'GIF87a' || ascii(bytes, 0, 6) === 'GIF89a') return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (
    (a === 0x49 && b === 0x49 && c === 0x2a && d === 0) ||
    (a === 0x4d && b === 0x4d && c === 0 && d === 0x2a)
  )
    return 'tiff';
  return isoBrand(bytes);
}
