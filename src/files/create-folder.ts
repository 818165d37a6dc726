/** Creates folders with all their parents. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Creates a folder unless it is there. Node's own recursive `mkdir` never returns where a folder cannot be created in one
 * that exists, as in /proc or below a mount point that is down.
 *
 * @throws the file system's error
 */
export function createFolder(folder: string, mode?: number): void {
  if (existsSync(folder)) {
    return;
  }
  createFolder(path.dirname(path.resolve(folder)), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}
