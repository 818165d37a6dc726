/** Uploads and downloads of whole collections. */
import { rename, rm } from 'node:fs/promises';
import type { Transport } from './transport.js';

/** Time limit of a transfer, in milliseconds. */
export const TRANSFER_MS = 24 * 3_600_000;

export const PARQUET_TYPE = 'application/vnd.apache.parquet';

/** Writes an answer to a file. An existing file is replaced once the new one is complete. @returns the headers */
export async function downloadFile(http: Transport, path: string, file: string): Promise<Headers> {
  const aside = `${file}.tmp`;
  try {
    const headers = await http.download({ path, timeoutMs: TRANSFER_MS }, aside);
    await rename(aside, file);
    return headers;
  } finally {
    await rm(aside, { force: true });
  }
}
