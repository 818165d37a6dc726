/** The body of `POST /v1/jobs`. */
import type { NonPets } from '../engine/engine.js';
import type { JobRequest } from '../jobs/job.js';

function encodeLittleEndian(vectors: Float32Array[]): Buffer {
  const bytes = Buffer.alloc(4 * vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) {
    for (const value of vector) {
      at = bytes.writeFloatLE(value, at);
    }
  }
  return bytes;
}

const encodeNonPets = (nonPets: NonPets) =>
  'collection' in nonPets
    ? nonPets
    : { embeddings: encodeLittleEndian(nonPets.embeddings).toString('base64') };

/** Encodes a request for a job as JSON. Vectors are sent as base64. */
export function encodeJobRequest(request: JobRequest): object {
  return 'nonPets' in request && request.nonPets !== undefined
    ? { ...request, nonPets: encodeNonPets(request.nonPets) }
    : request;
}
