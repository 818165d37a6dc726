/** Decodes images and vectors that a JSON body contains as base64. */
import { createTooLargeError, PawdexError } from '../../errors.js';

/** Maximum number of vectors per body. */
const MAX_VECTORS = 10_000;

/**
 * Decodes base64, plain or as a data URL, in either alphabet, with optional line breaks.
 *
 * @param maxBytes largest result, in bytes
 * @param sizeHint what to do about a larger one. Default: a smaller file.
 * @throws PawdexError invalid_request if it is not base64, payload_too_large
 */
export function decodeBase64(text: string, maxBytes: number, path: string, sizeHint?: string): Buffer {
  const comma = text.startsWith('data:') ? text.indexOf(',') + 1 : 0;
  const plain = comma === 0 ? text : text.slice(comma);
  const bytes = Buffer.from(plain, 'base64');
  if (!isBase64(plain, bytes.length)) {
    throw new PawdexError('invalid_request', {
      detail: `\`${path}\` is not valid base64.`,
      errors: [{ path, message: 'must be base64' }],
    });
  }
  if (bytes.length > maxBytes) {
    throw createTooLargeError(`\`${path}\``, maxBytes, sizeHint);
  }
  return bytes;
}

/** Whether all of a string is base64. Node skips other characters, so the result is too short if there are any. */
function isBase64(text: string, decodedBytes: number): boolean {
  const fits = (digits: number) => digits % 4 !== 1 && decodedBytes === Math.floor((digits * 3) / 4);
  let end = text.length;
  while (end > 0 && text[end - 1] === '=') {
    end--;
  }
  if (fits(end)) {
    return true;
  }
  // White space and `=` do not count. A loop, because a regular expression takes a second for 20 MB.
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isSkipped = code === 0x3d || code === 0x20 || (code >= 0x09 && code <= 0x0d);
    if (!isSkipped) {
      digits++;
    }
  }
  return fits(digits);
}

/**
 * Decodes vectors from base64 of little-endian float32 numbers, back to back. This takes a third of the size of JSON
 * numbers and needs no parsing.
 *
 * @param path of the field, for errors
 * @throws PawdexError invalid_request if it is not base64, vector_invalid, payload_too_large
 */
export function decodeVectors(text: string, dimension: number, path: string): Float32Array[] {
  const sizeHint = `Send at most ${MAX_VECTORS} vectors.`;
  const bytes = decodeBase64(text, MAX_VECTORS * dimension * 4, path, sizeHint);
  const toError = (message: string) =>
    new PawdexError('vector_invalid', { detail: `${path}: ${message}.`, errors: [{ path, message }] });
  if (bytes.length === 0 || bytes.length % (4 * dimension) !== 0) {
    throw toError(`must contain one or more vectors of ${dimension} float32 numbers`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / (4 * dimension) }, (_, row) => {
    const vector = Float32Array.from({ length: dimension }, (_, i) =>
      view.getFloat32(4 * (row * dimension + i), true),
    );
    if (!vector.every(Number.isFinite) || vector.every((value) => value === 0)) {
      throw toError(`vector ${row} must contain finite numbers, not all of them zero`);
    }
    return vector;
  });
}
