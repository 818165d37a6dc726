/** Reads the tags of a TIFF that decide whether it is a photo that can be decoded. */

/** Numeric values by tag; text and long lists are left out. */
export type TiffTags = Map<number, number[]>;

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
export function readTiffTags(bytes: Uint8Array, directory?: number): TiffTags | null {
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
