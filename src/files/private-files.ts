/**
 * Modes of files that only the user who runs pawdex may read: photos, their metadata, and everything derived from
 * them.
 */
import { closeSync, openSync } from 'node:fs';

export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;

/** Creates an empty private file if there is none, for a library that would use another mode. */
export function createPrivateFile(file: string): void {
  closeSync(openSync(file, 'a', PRIVATE_FILE));
}
