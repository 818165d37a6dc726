/**
 * Stores vectors as blobs: the numbers, then a CRC-32 of the numbers and of the item's identity. It reveals flipped
 * bits and the vector of another item, which would otherwise be taken for a different photo.
 */
import { crc32 } from 'node:zlib';

const CHECKSUM_BYTES = 4;
/** Maximum number of bytes that UTF-8 needs per unit of a JavaScript string. */
const BYTES_PER_UNIT = 3;

/** The fields of an item that never change. */
export interface Identity {
  id: string;
  sha256: string;
}

const nameOf = ({ id, sha256 }: Identity) => `${id} ${sha256}`;

/** Reused for every vector: allocating a buffer for each would double the cost of an insertion. */
let scratch = Buffer.alloc(4096);

/** Packs a vector with its checksum. The result is only valid until the next call. */
export function packVector(vector: Float32Array, item: Identity): Uint8Array {
  const bytes = vector.length * 4;
  const name = nameOf(item);
  const needed = bytes + Math.max(CHECKSUM_BYTES, name.length * BYTES_PER_UNIT);
  if (scratch.length < needed) {
    scratch = Buffer.alloc(needed);
  }
  new Float32Array(scratch.buffer, scratch.byteOffset, vector.length).set(vector);
  const end = bytes + scratch.write(name, bytes);
  scratch.writeUInt32LE(crc32(scratch.subarray(0, end)), bytes);
  return scratch.subarray(0, bytes + CHECKSUM_BYTES);
}

/**
 * Unpacks a blob; the vector shares its memory if that is aligned.
 *
 * @returns null if the blob is damaged: its length or checksum is wrong
 */
export function unpackVector(blob: Uint8Array, dimension: number, item: Identity): Float32Array | null {
  const length = dimension * 4;
  const aligned = blob.byteOffset % 4 === 0 ? blob : new Uint8Array(blob);
  const vector = () => new Float32Array(aligned.buffer, aligned.byteOffset, dimension);
  // Stored by a version without checksums.
  if (blob.byteLength === length) {
    return vector();
  }
  if (blob.byteLength !== length + CHECKSUM_BYTES) {
    return null;
  }
  const stored = new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getUint32(length, true);
  return stored === crc32(nameOf(item), crc32(blob.subarray(0, length))) ? vector() : null;
}
