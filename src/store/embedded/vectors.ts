/** Checking and normalising vectors. */
import { PawdexError } from '../../errors.js';

/**
 * What a vector is to be multiplied by to have length 1.
 *
 * @param vector float32 [dimension]
 * @throws PawdexError `vector_invalid` for a wrong length, a number that is not finite, or only zeros
 */
export function scaleOf(vector: Float32Array, dimension: number): number {
  if (!(vector instanceof Float32Array) || vector.length !== dimension)
    throw new PawdexError('vector_invalid', {
      detail: `The vector has ${vector?.length ?? 'no'} numbers; the collection has ${dimension} dimensions.`,
    });
  let squares = 0;
  for (let i = 0; i < dimension; i++) squares += vector[i]! * vector[i]!;
  if (!Number.isFinite(squares))
    throw new PawdexError('vector_invalid', {
      detail: `Number ${vector.findIndex((x) => !Number.isFinite(x))} of the vector is not finite.`,
    });
  if (squares === 0) throw new PawdexError('vector_invalid', { detail: 'The vector is all zeros.' });
  return 1 / Math.sqrt(squares);
}

/**
 * A vector scaled to length 1, for which the dot product is the cosine similarity. Throws as {@link scaleOf}.
 *
 * @param vector float32 [dimension]
 * @returns float32 [dimension]
 */
export function normalise(vector: Float32Array, dimension: number): Float32Array {
  const scale = scaleOf(vector, dimension);
  const unit = new Float32Array(dimension);
  for (let i = 0; i < dimension; i++) unit[i] = vector[i]! * scale;
  return unit;
}
