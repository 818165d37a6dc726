/** Checks vectors, and scales them to length 1. */
import { PawdexError } from '../../../errors.js';

/** @throws PawdexError vector_invalid if the length differs from the collection's dimension */
export function checkLength(length: number | undefined, dimension: number): void {
  if (length !== dimension) {
    throw new PawdexError('vector_invalid', {
      detail: `The vector has ${length ?? 'no'} numbers; the collection has ${dimension} dimensions.`,
    });
  }
}

/**
 * Computes the factor that scales a vector to length 1.
 *
 * @param vectors float32, one or several vectors of one length
 * @param from where the vector starts
 * @throws PawdexError vector_invalid for a number that is not finite, or only zeros
 */
export function computeScale(vectors: Float32Array, from: number, dimension: number): number {
  const to = from + dimension;
  // Two sums can be computed in parallel.
  let even = 0;
  let odd = 0;
  for (let i = from; i + 1 < to; i += 2) {
    even += vectors[i]! * vectors[i]!;
    odd += vectors[i + 1]! * vectors[i + 1]!;
  }
  if (dimension % 2 === 1) {
    odd += vectors[to - 1]! * vectors[to - 1]!;
  }
  const squares = even + odd;
  if (!Number.isFinite(squares)) {
    const at = vectors.subarray(from, to).findIndex((x) => !Number.isFinite(x));
    throw new PawdexError('vector_invalid', { detail: `Number ${at} of the vector is not finite.` });
  }
  if (squares === 0) {
    throw new PawdexError('vector_invalid', { detail: 'The vector is all zeros.' });
  }
  return 1 / Math.sqrt(squares);
}

/**
 * Scales a vector to length 1. The dot product of two such vectors is their cosine similarity.
 *
 * @param vector float32 [dimension]
 * @returns float32 [dimension]
 * @throws PawdexError vector_invalid for a wrong length, a number that is not finite, or only zeros
 */
export function toUnitVector(vector: Float32Array, dimension: number): Float32Array {
  checkLength(vector?.length, dimension);
  const scale = computeScale(vector, 0, dimension);
  const unit = new Float32Array(dimension);
  for (let i = 0; i < dimension; i++) {
    unit[i] = vector[i]! * scale;
  }
  return unit;
}
