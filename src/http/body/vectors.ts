/** Many vectors in a JSON body: as base64 they are a third of their size as digits, and cost no parsing. */
import { PawdexError } from '../../errors.js';
import { fromBase64 } from './images.js';

/** Vectors in one body. */
const MOST_VECTORS = 10_000;

/**
 * Vectors from base64 of float32 numbers, little-endian, one vector after the other.
 *
 * @param path of the field, for errors
 * @throws PawdexError invalid_request when it is not base64, vector_invalid, payload_too_large
 */
export function vectorsFromBase64(text: string, dimension: number, path: string): Float32Array[] {
  const bytes = fromBase64(text, MOST_VECTORS * dimension * 4, path);
  const invalid = (message: string) =>
    new PawdexError('vector_invalid', { detail: `${path}: ${message}.`, errors: [{ path, message }] });
  if (bytes.length === 0 || bytes.length % (4 * dimension) !== 0)
    throw invalid(`must hold one vector or more of ${dimension} float32 numbers each`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / (4 * dimension) }, (_, row) => {
    const vector = Float32Array.from({ length: dimension }, (_, i) =>
      view.getFloat32(4 * (row * dimension + i), true),
    );
    if (!vector.every(Number.isFinite) || vector.every((value) => value === 0))
      throw invalid(`vector ${row} must hold finite numbers, not all of them zero`);
    return vector;
  });
}
