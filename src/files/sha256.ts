/** Digests of content, by which files, photos and models are told apart. */
import { createHash } from 'node:crypto';

/** Computes the sha256 of several parts, one after the other, as 64 hexadecimal digits. */
export function computeSha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest('hex');
}
