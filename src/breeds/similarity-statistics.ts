/**
 * Statistics of an encoder that hold for any collection: logistic models that were fitted to many small collections, and the
 * embeddings of photos without pets.
 */
import { z } from 'zod';
import { checkFields } from '../files/check-fields.js';
import { readJsonFile } from '../files/read-json-file.js';
import { normalise } from '../math/vectors.js';
import { type Calibration, calibrationSchema } from './calibration.js';
import type { NonPetPhotos } from './non-pets.js';

const schema = z.object({
  formatVersion: z.literal(1),
  fingerprint: z.string().min(1),
  /** Fitted to many small collections, for collections without a calibration. */
  answer: calibrationSchema,
  /** Embeddings of photos without pets, for calibrating collections: int8, each scaled by its largest number. */
  nonPets: z.object({
    source: z.string(),
    licence: z.string(),
    dimension: z.int().min(2),
    vectors: z.base64(),
    /** The subject of each picture, as a number. */
    groups: z.array(z.int()),
  }),
});

/** See {@link loadSimilarityStatistics}. */
export interface SimilarityStatistics {
  answer: Calibration;
  nonPets: NonPetPhotos;
}

/**
 * @param file path of a `similarity.json`, next to the model card
 * @param fingerprint of the current encoder
 * @returns null if the file does not exist or belongs to another encoder
 * @throws PawdexError model_invalid
 */
export async function loadSimilarityStatistics(
  file: string,
  fingerprint: string,
): Promise<SimilarityStatistics | null> {
  const json = await readJsonFile(file, 'model_invalid');
  if (json === undefined) {
    return null;
  }
  const { answer, nonPets, ...about } = checkFields(schema, json, file, 'model_invalid');
  return about.fingerprint === fingerprint
    ? { answer, nonPets: { vectors: unpackVectors(nonPets), groups: nonPets.groups } }
    : null;
}

function unpackVectors({ vectors, dimension }: z.output<typeof schema>['nonPets']): Float32Array[] {
  const bytes = Buffer.from(vectors, 'base64');
  const count = Math.floor(bytes.length / dimension);
  return Array.from({ length: count }, (_, i) => {
    const vector = Float32Array.from({ length: dimension }, (_, j) => bytes.readInt8(i * dimension + j));
    normalise(vector);
    return vector;
  });
}
