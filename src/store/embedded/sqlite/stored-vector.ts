/**
 * Vectors as blobs: the numbers, then a CRC-32 of them and of what they belong to. A flipped bit in either, or the vector
 * of another item, would pass for another photo.
 */
import { crc32 } from 'node:zlib';
import type { Db } from './sqlite.js';

const CHECKSUM_BYTES = 4;
/** UTF-8 takes at most so many bytes for a unit of a JavaScript string. */
const BYTES_PER_UNIT = 3;

/** What does not change about an item. */
export interface Identity {
  id: string;
  sha256: string;
}

const nameOf = ({ id, sha256 }: Identity) => `${id} ${sha256}`;

/** Used for one vector after the other: a buffer for each cost as much as the rest of its insertion. */
let scratch = Buffer.alloc(4096);

/** A vector as it is stored. To be used before the next one is packed. */
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
 * The vector in a blob, sharing its memory where that is aligned.
 *
 * @returns null when it is not what was stored for this item: of another length, or with another checksum
 */
export function unpackVector(blob: Uint8Array, dimension: number, item: Identity): Float32Array | null {
  const length = dimension * 4;
  const aligned = blob.byteOffset % 4 === 0 ? blob : new Uint8Array(blob);
  const vector = () => new Float32Array(aligned.buffer, aligned.byteOffset, dimension);
  // Stored before there were checksums.
  if (blob.byteLength === length) {
    return vector();
  }
  if (blob.byteLength !== length + CHECKSUM_BYTES) {
    return null;
  }
  const stored = new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getUint32(length, true);
  return stored === crc32(nameOf(item), crc32(blob.subarray(0, length))) ? vector() : null;
}

/** Collections of a database of which items lack their vector or have another one, in sentences. */
export function countDamagedVectors(db: Db): string[] {
  const collections = db
    .prepare<[], { id: number; name: string; dimension: number }>(
      'SELECT id, name, dimension FROM collections',
    )
    .all();
  const rows = db.prepare<[number], Identity & { vector: Uint8Array | null }>(
    'SELECT id, sha256, vector FROM items LEFT JOIN vectors USING (seq) WHERE collection = ?',
  );
  return collections.flatMap(({ id, name, dimension }) => {
    let damaged = 0;
    for (const row of rows.iterate(id)) {
      if (row.vector === null || unpackVector(row.vector, dimension, row) === null) {
        damaged++;
      }
    }
    return damaged === 0
      ? []
      : [`Collection ${name}: the vectors of ${damaged} items are damaged or missing.`];
  });
}
