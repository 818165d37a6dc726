/** Digests that identify files, photos and models. */
import { createHash, webcrypto } from 'node:crypto';

/** Computes the hex sha256 of several parts, concatenated. */
export function computeSha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest('hex');
}

/** Computes a hex sha256 on a thread of Node's pool. */
export async function computeSha256Async(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
