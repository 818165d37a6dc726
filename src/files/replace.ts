/** Files that are there whole or not at all, whenever the power goes. */
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { PRIVATE_FILE } from './private.js';

/** What a file is made of: text, or bytes in one or several pieces. */
type Content = string | Uint8Array | readonly Uint8Array[];

/** Ends the name of what is being written, and of what was when a process died. */
export const ASIDE = '.tmp';

/**
 * Writes a file beside the one it replaces, syncs it, and renames it; then syncs the folder, which holds the name. Only
 * one process at a time may replace a file.
 *
 * @param options `isPrivate`: only the user that runs pawdex may read it, as everything in the data directory
 * @throws the file system's error; nothing is left beside the file, which is then the old one, or where only the folder
 *   could not be synced the new one
 */
export async function replaceFile(
  file: string,
  content: Content,
  options: { isPrivate?: boolean } = {},
): Promise<void> {
  const aside = file + ASIDE;
  try {
    await writeSynced(aside, content, options.isPrivate ? PRIVATE_FILE : undefined);
    await rename(aside, file);
  } catch (error) {
    // The first error is the one to tell of.
    await rm(aside, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** Writes a file, and returns when the disk has it; its name may still be lost. */
export async function writeSynced(file: string, content: Content, mode?: number): Promise<void> {
  const handle = await open(file, 'w', mode);
  try {
    const pieces = Array.isArray(content) ? content : [content as string | Uint8Array];
    for (const piece of pieces) {
      await handle.writeFile(piece);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
