/** Resizing of typed arrays. */

/**
 * Copies an array to the given length, cutting it off or appending zeros. Returns an array of that length unchanged.
 */
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
