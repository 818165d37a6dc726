/** Vectors as blobs with a checksum: a flipped bit in one would pass for another photo. */
import { crc32 } from 'node:zlib';

const CHECKSUM_BYTES = 4;

/** Used for one vector after the other: a buffer for each cost as much as the rest of its insertion. */
let scratch = Buffer.alloc(4096);

/** A vector as it is stored: its numbers, then their CRC-32. To be used before the next vector is packed. */
export function packVector(vector: Float32Array): Uint8Array {
  const { length } = vector;
  if (scratch.length < length * 4 + CHECKSUM_BYTES) scratch = Buffer.alloc(length * 8 + CHECKSUM_BYTES);
  new Float32Array(scratch.buffer, scratch.byteOffset, length).set(vector);
  scratch.writeUInt32LE(crc32(scratch.subarray(0, length * 4)), length * 4);
  return scratch.subarray(0, length * 4 + CHECKSUM_BYTES);
}

/**
 * The vector in a blob, sharing its memory where that is aligned.
 *
 * @returns null when it is not what was stored: of another length, or with another checksum
 */
export function unpackVector(blob: Uint8Array, dimension: number): Float32Array | null {
  const length = dimension * 4;
  const aligned = blob.byteOffset % 4 === 0 ? blob : new Uint8Array(blob);
  const vector = () => new Float32Array(aligned.buffer, aligned.byteOffset, dimension);
  // Stored before there were checksums.
  if (blob.byteLength === length) return vector();
  if (blob.byteLength !== length + CHECKSUM_BYTES) return null;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return view.getUint32(length, true) === crc32(blob.subarray(0, length)) ? vector() : null;
}
