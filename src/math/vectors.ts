/** Arithmetic on single vectors and lists of numbers. Sums are in double precision. */

/** Computes the dot product of two vectors of equal length. */
export function computeDot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i]! * b[i]!;
  }
  return sum;
}

/** Computes the mean of numbers; null without any. */
export function computeMean(values: ArrayLike<number>): number | null {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
  }
  return values.length === 0 ? null : sum / values.length;
}

export function computeLength(vector: Float32Array): number {
  return Math.sqrt(computeDot(vector, vector));
}

/**
 * Scales a vector to length 1 in place. A zero vector stays unchanged.
 *
 * @returns the length that it had
 */
export function normalise(vector: Float32Array): number {
  const length = computeLength(vector);
  if (length > 0) {
    const scale = 1 / length;
    for (let i = 0; i < vector.length; i++) {
      vector[i] = vector[i]! * scale;
    }
  }
  return length;
}

/** Scales each row of a row-major matrix to length 1 in place. */
export function normaliseRows(data: Float32Array, dimension: number): void {
  for (let at = 0; at < data.length; at += dimension) {
    normalise(data.subarray(at, at + dimension));
  }
}
