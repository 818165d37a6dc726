/** The photos that the load clients send. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Maximum number of photos to send, spread evenly over the folder. */
const SENT = 400;

/**
 * Lists the JPEGs that are sent from a folder and its sub-folders, relative to it. Exits with a sentence if there are none.
 */
export function listPhotos(folder) {
  const names = existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .filter((file) => /\.jpe?g$/i.test(file))
        .sort()
    : [];
  if (names.length === 0) {
    console.error(`There are no JPEG photos in ${folder}: name a folder of photos with --photos DIR.`);
    process.exit(2);
  }
  const step = Math.ceil(names.length / SENT);
  return names.filter((_, i) => i % step === 0);
}

export const readPhotos = (folder) => listPhotos(folder).map((name) => readFileSync(path.join(folder, name)));
