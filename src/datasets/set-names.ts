/**
 * Tells from the names of files and folders what they are in a set of photos: photos, leftovers of other programs, splits.
 * The upload page follows the same rules as `pawdex index`, so this file imports nothing that browsers lack.
 */

/** Extensions of photos that can be decoded. */
export const PHOTO_EXTENSIONS: ReadonlySet<string> = new Set(
  'jpg jpeg jpe jfif pjpeg pjp png webp gif avif tif tiff bmp heic heif hif'.split(' '),
);

/** Names of manifests that are used without being named. The first that exists wins. */
export const MANIFESTS = ['manifest.csv', 'manifest.tsv', 'manifest.jsonl', 'manifest.parquet'];

/** The extension in lower case, without the dot; empty if there is none. */
export function getExtension(name: string): string {
  return /[^/]\.([a-z0-9]{1,10})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** Folders and files left by NAS systems, macOS, Windows and file managers, in lower case. */
const SYSTEM_NAMES = new Set([
  '@eadir',
  '#recycle',
  '#snapshot',
  '@recycle',
  '@recently-snapshot',
  '$recycle.bin',
  'recycler',
  'system volume information',
  'lost+found',
  '__macosx',
  '.thumbnails',
  '.trash',
  '.trashes',
  '.spotlight-v100',
  '.fseventsd',
  '.ds_store',
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
]);

/** Returns why a file or folder is ignored whatever it contains, or null. @param name without its folders */
export function findIgnoreReason(name: string): 'litter' | 'hidden' | null {
  if (SYSTEM_NAMES.has(name.toLowerCase()) || name.startsWith('._')) {
    return 'litter';
  }
  return name.startsWith('.') ? 'hidden' : null;
}

/** Whether a file or one of its folders is ignored. */
export const isIgnoredPath = (path: string): boolean =>
  path.split('/').some((name) => findIgnoreReason(name) !== null);

/** Cleans a label: one Unicode form, no control characters and no spaces around it. */
export const cleanLabel = (label: string): string =>
  label
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
    .trim();

/** Names of folders that are splits rather than labels, with the canonical name of the split. */
const SPLITS = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['dev', 'val'],
  ['test', 'test'],
  ['testing', 'test'],
]);

export const toSplit = (folder: string): string | undefined => SPLITS.get(folder.toLowerCase());

/**
 * Whether the folders at the top are splits, `train/beagle/1.jpg`, rather than labels: all have names of splits, and
 * there are folders in them.
 */
export function haveSplits(paths: readonly string[]): boolean {
  const inFolders = paths.map((path) => path.split('/')).filter((parts) => parts.length > 1);
  return (
    inFolders.every(([top]) => toSplit(top!) !== undefined) && inFolders.some(({ length }) => length > 2)
  );
}

/** Finds the folder that wraps everything in an archive, whose name is not a label. */
export class WrapperFinder {
  #wrapper: string | null = null;
  #hasFolders = false;

  /** @param path of a file in the archive */
  add(path: string): void {
    if (this.#wrapper === '' || isIgnoredPath(path)) {
      return;
    }
    this.#wrapper ??= path.slice(0, path.indexOf('/') + 1);
    if (!path.startsWith(this.#wrapper)) {
      this.#wrapper = '';
    }
    this.#hasFolders ||= path.includes('/', this.#wrapper.length);
  }

  /** The folder with a trailing slash; empty if nothing wraps everything, or the folder contains no others. */
  get wrapper(): string {
    return this.#hasFolders ? (this.#wrapper ?? '') : '';
  }
}
