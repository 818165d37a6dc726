/** The result of one check of `pawdex doctor`. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export interface Check {
  name: string;
  /** `warning`: pawdex works, but not as well as it could. */
  status: 'ok' | 'warning' | 'failed';
  detail: string;
  /** What the user can do about it. */
  hint?: string;
}

export const reportOk = (name: string, detail: string): Check => ({ name, status: 'ok', detail });
export const reportWarning = (name: string, detail: string, hint?: string): Check => ({
  name,
  status: 'warning',
  detail,
  hint,
});
export const reportFailure = (name: string, detail: string, hint: string): Check => ({
  name,
  status: 'failed',
  detail,
  hint,
});

/** Returns the folder itself, or the nearest one above that exists. */
export function findExistingFolder(folder: string): string {
  const resolved = path.resolve(folder);
  return existsSync(resolved) ? resolved : findExistingFolder(path.dirname(resolved));
}
