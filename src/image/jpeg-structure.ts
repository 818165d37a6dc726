/** Reads the markers of a JPEG: how it is coded, how large it is, and whether it is complete. */

export interface JpegStructure {
  /** Low nibble of the start-of-frame marker: 0 and 1 baseline, 2 progressive, 3 lossless, 9 and 10 arithmetic. */
  coding: number;
  /** Bits per sample. */
  precision: number;
  width: number;
  height: number;
  components: number;
  /** Samples per pixel, over all components: 1.5 for colour at a quarter of the resolution, 3 for full colour. */
  samplesPerPixel: number;
  /** Scans up to the end marker or the end of the file; 1 if they were not counted. */
  scans: number;
  /** Components of the first scan; if fewer than `components`, a decoder must keep the whole image. */
  firstScanComponents: number;
  /** Whether there is an APP1 segment, where EXIF keeps the orientation. */
  hasApp1: boolean;
  /** Offset after the end marker of the first image; null without an end marker. */
  end: number | null;
}

const APP1 = 0xe1;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
/** Frame markers; C4, C8 and CC are tables. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
/** Restart markers and stuffed zeros occur inside coded data; an additional FF before a marker is padding. */
const isInsideScan = (marker: number) => marker === 0 || (marker >= 0xd0 && marker <= 0xd7);

const read16 = (bytes: Uint8Array, offset: number) => (bytes[offset]! << 8) | bytes[offset + 1]!;

/** Computes the samples per pixel from the frame's sampling factors, one byte per component. */
function countSamplesPerPixel(bytes: Uint8Array, offset: number, components: number): number {
  let sum = 0;
  let largest = 1;
  for (let i = 0; i < components; i++) {
    const factors = bytes[offset + 11 + 3 * i] ?? 0x11;
    const area = (factors >> 4) * (factors & 15);
    sum += area;
    largest = Math.max(largest, area);
  }
  return sum / largest;
}

/**
 * Finds the next marker after coded data that begins at `from`. A plain loop, since searching for each FF is much
 * slower in a file full of them.
 *
 * @returns -1 if there is none
 */
function findMarker(bytes: Uint8Array, from: number): number {
  for (let offset = from; offset + 1 < bytes.length; offset++) {
    if (bytes[offset] !== 0xff) {
      continue;
    }
    const marker = bytes[offset + 1]!;
    if (marker !== 0xff && !isInsideScan(marker)) {
      return offset;
    }
  }
  return -1;
}

const endsWithMarker = (bytes: Uint8Array) =>
  bytes[bytes.length - 2] === 0xff && bytes[bytes.length - 1] === END_OF_IMAGE;

/** A smaller file cannot contain enough scans to be slow. */
const SMALL_BYTES = 64 * 1024;

/**
 * Reads the markers of a JPEG, including those between its scans. If the file ends with the end marker, markers after
 * the first scan are skipped in a small file, and in one with a single scan.
 *
 * @returns null if there is no frame
 */
export function readJpegStructure(bytes: Uint8Array): JpegStructure | null {
  let frame = -1;
  let scans = 0;
  let firstScanComponents = 0;
  let hasApp1 = false;
  let end: number | null = null;
  let offset = findMarker(bytes, 2);
  while (offset !== -1 && offset + 4 <= bytes.length) {
    const marker = bytes[offset + 1]!;
    if (marker === END_OF_IMAGE) {
      end = offset + 2;
      break;
    }
    if (isFrame(marker) && frame === -1 && offset + 10 <= bytes.length) {
      frame = offset;
    }
    hasApp1 ||= marker === APP1;
    if (marker === START_OF_SCAN) {
      if (scans++ === 0) {
        firstScanComponents = bytes[offset + 4] ?? 0;
      }
      const isOnlyScan =
        frame !== -1 && (bytes[frame + 1]! & 15) <= 1 && firstScanComponents === bytes[frame + 9];
      if (scans === 1 && (isOnlyScan || bytes.length <= SMALL_BYTES) && endsWithMarker(bytes)) {
        break;
      }
    }
    offset = findMarker(bytes, offset + 2 + read16(bytes, offset + 2));
  }
  if (frame === -1) {
    return null;
  }
  // An end marker at the end of the file is not followed by a length.
  if (end === null && scans > 0 && endsWithMarker(bytes)) {
    end = bytes.length;
  }
  return { ...readFrame(bytes, frame), scans, firstScanComponents, hasApp1, end };
}

/** Reads the frame header whose marker is at `frame`. */
function readFrame(bytes: Uint8Array, frame: number) {
  const components = bytes[frame + 9]!;
  return {
    coding: bytes[frame + 1]! & 15,
    precision: bytes[frame + 4]!,
    height: read16(bytes, frame + 5),
    width: read16(bytes, frame + 7),
    components,
    samplesPerPixel: countSamplesPerPixel(bytes, frame, components),
  };
}
