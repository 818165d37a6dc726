/**
 * What an encoder knows about similarity before it has seen a collection: how alike unrelated photos are, how alike
 * photos of one label, how far away what is no pet lies, and what that says about an answer.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import { normalise } from '../math/vectors.js';
import { type Calibration, calibrationSchema } from './calibration.js';

/** Cosine similarities by share of the pairs: `p05` is what 5 % of them lie below. */
const quantiles = z.object({
  p01: z.number(),
  p05: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
});

const schema = z.object({
  formatVersion: z.literal(1),
  /** Fingerprint of the encoder. */
  fingerprint: z.string().min(1),
  cosines: z.object({ sameLabel: quantiles, unrelated: quantiles, nonPets: quantiles }),
  /** Fitted on many small collections: answers for one that has no calibration. */
  answer: calibrationSchema,
  /** Embeddings of photos that show no pet, for calibrating a collection: int8, each scaled to its largest number. */
  nonPets: z.object({
    source: z.string(),
    licence: z.string(),
    dimension: z.int().min(2),
    vectors: z.base64(),
  }),
});

/** The content of `similarity.json`. */
export type SimilarityFile = z.infer<typeof schema>;

/** See {@link loadSimilarityStatistics}. */
export interface SimilarityStatistics {
  answer: Calibration;
  /** float32 [dimension] each, L2 norm 1. */
  nonPets: Float32Array[];
}

/**
 * @param file path of a `similarity.json`, which lies beside the model card
 * @param fingerprint of the encoder that is used
 * @returns null when there is no such file, or it is about another encoder
 * @throws PawdexError model_invalid
 */
export async function loadSimilarityStatistics(
  file: string,
  fingerprint: string,
): Promise<SimilarityStatistics | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw new PawdexError('model_invalid', { detail: `Cannot read ${file}.`, cause: error });
  }
  const parsed = schema.safeParse(toJson(text, file));
  if (!parsed.success) {
    throw new PawdexError('model_invalid', { detail: `${file}: ${z.prettifyError(parsed.error)}` });
  }
  const { answer, nonPets } = parsed.data;
  return parsed.data.fingerprint === fingerprint ? { answer, nonPets: unpackVectors(nonPets) } : null;
}

function toJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PawdexError('model_invalid', { detail: `${file} is not valid JSON.`, cause });
  }
}

/** Vectors as {@link SimilarityFile} keeps them; what is lost changes a cosine by about 0.002. */
export function packVectors(vectors: readonly Float32Array[]): string {
  return Buffer.concat(
    vectors.map((vector) => {
      const scale = 127 / vector.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
      return Buffer.from(Int8Array.from(vector, (value) => Math.round(value * scale)).buffer);
    }),
  ).toString('base64');
}

function unpackVectors({ vectors, dimension }: SimilarityFile['nonPets']): Float32Array[] {
  const bytes = Buffer.from(vectors, 'base64');
  const count = Math.floor(bytes.length / dimension);
  return Array.from({ length: count }, (_, i) => {
    const vector = Float32Array.from({ length: dimension }, (_, j) => bytes.readInt8(i * dimension + j));
    normalise(vector);
    return vector;
  });
}
