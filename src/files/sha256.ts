/** Digests that identify files, photos and models. */
import { createHash } from 'node:crypto';

/** Computes the hex sha256 of several parts, concatenated. */
export function computeSha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest('hex');
}
