/** Typed arrays that grow and shrink: their length is fixed, so that means another array. */

/** A copy with the given length: cut off, or with zeros behind. The array itself when it has that length. */
export function resizeArray<T extends Float64Array | Uint32Array | Uint8Array>(array: T, length: number): T {
  if (length === array.length) {
    return array;
  }
  if (length < array.length) {
    return array.slice(0, length) as T;
  }
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}
