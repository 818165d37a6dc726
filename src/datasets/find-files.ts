/** Finds the files that a manifest names, even if case or Unicode form differ. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** How to compare names that are not equal: first ignoring the Unicode form, then also the case. */
const FORMS: readonly ((name: string) => string)[] = [
  (name) => name.normalize('NFC'),
  (name) => name.normalize('NFC').toLowerCase(),
];

/** Listings of folders, each read once. */
export class FileFinder {
  readonly #root: string;
  readonly #folders = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Finds a file by a path relative to the root, with `/`.
   *
   * @returns its path relative to the root as it is on disk, or null if there is none, or several with that spelling
   */
  async find(name: string): Promise<string | null> {
    let folder = '';
    for (const part of name.split('/')) {
      const entries = await this.#list(folder);
      const match = entries.has(part) ? part : findAlike(entries, part);
      if (match === null) {
        return null;
      }
      folder = folder === '' ? match : `${folder}/${match}`;
    }
    return folder;
  }

  #list(folder: string): Promise<ReadonlySet<string>> {
    const listed = this.#folders.get(folder);
    if (listed !== undefined) {
      return listed;
    }
    // An unreadable folder counts as empty. The caller reports the missing files.
    const entries = readdir(path.join(this.#root, folder)).then(
      (names) => new Set(names),
      () => new Set<string>(),
    );
    this.#folders.set(folder, entries);
    return entries;
  }
}

function findAlike(entries: ReadonlySet<string>, part: string): string | null {
  for (const form of FORMS) {
    const wanted = form(part);
    const alike = [...entries].filter((entry) => form(entry) === wanted);
    if (alike.length > 0) {
      return alike.length === 1 ? alike[0]! : null;
    }
  }
  return null;
}
