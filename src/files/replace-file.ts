/** Replaces files so that they are complete or absent, even after a power cut. */
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { PRIVATE_FILE } from './private-files.js';

/** The content of a file: text, or bytes in one or several pieces, which may still arrive. */
type Content = string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

/** Suffix of a file that is being written, or was being written when a process died. */
export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Writes a file next to the one that it replaces, syncs it and renames it. Then it syncs the folder, which holds the
 * name. Only one process at a time may replace a file.
 *
 * @param options `isPrivate`: only the user that runs pawdex may read it, as everything in the data directory
 * @throws the file system's error. The temporary file is then removed, and the file keeps its old content, unless only the
 *   final sync of the folder failed
 */
export async function replaceFile(
  file: string,
  content: Content,
  options: { isPrivate?: boolean } = {},
): Promise<void> {
  const temporary = file + TEMPORARY_SUFFIX;
  try {
    await writeSynced(temporary, content, options.isPrivate ? PRIVATE_FILE : undefined);
    await rename(temporary, file);
  } catch (error) {
    // The first error is the one to report.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFile(path.dirname(file), 'r');
}

/** Writes a file and syncs it to disk. Its name can still be lost. */
export async function writeSynced(file: string, content: Content, mode?: number): Promise<void> {
  const handle = await open(file, 'w', mode);
  try {
    const pieces = Array.isArray(content) ? content : [content as Exclude<Content, readonly Uint8Array[]>];
    for (const piece of pieces) {
      await handle.writeFile(piece);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Flushes a file to the disk, or a folder, which holds the names of its files, with the flag `r`. */
export async function syncFile(file: string, flag = 'r+'): Promise<void> {
  const handle = await open(file, flag);
  await handle.sync().finally(() => handle.close());
}
