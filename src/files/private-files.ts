/** What only the user that runs pawdex may read: photos, their metadata, and everything derived from them. */
import { closeSync, openSync } from 'node:fs';

export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;

/** Creates an empty file that only this user may read, for a library that would choose another mode; an existing one stays. */
export function createPrivateFile(file: string): void {
  closeSync(openSync(file, 'a', PRIVATE_FILE));
}
