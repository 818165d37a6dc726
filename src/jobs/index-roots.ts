/** Which folders of the server's machine a job may read: those below the roots that its operator named, and no others. */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import { hasArchiveName } from '../files/open-file.js';

const isWithin = (root: string, file: string) => file === root || file.startsWith(root + path.sep);

function findRealPath(file: string): Promise<string | null> {
  return realpath(file).catch(() => null);
}

/** Roots as they are on the disk, links resolved. */
export class IndexRoots {
  readonly #roots: string[];

  private constructor(roots: string[]) {
    this.#roots = roots;
  }

  /** A root that does not exist allows nothing. */
  static async open(roots: readonly string[]): Promise<IndexRoots> {
    const found = await Promise.all(roots.map(findRealPath));
    return new IndexRoots(found.filter((root) => root !== null));
  }

  /** Whether a file is below one of the roots once links are resolved; one that does not exist can do no harm. */
  async allows(file: string): Promise<boolean> {
    const found = await findRealPath(file);
    return found === null || this.#roots.some((root) => isWithin(root, found));
  }

  /**
   * The real path of a folder or archive that a request names: absolute, or relative to one of the roots.
   *
   * @throws PawdexError path_not_allowed when it is outside of all roots, also by a link or if it does not exist there;
   *   set_invalid when there is none inside
   */
  async resolveSet(asked: string): Promise<string> {
    const isSet = async (found: string) => hasArchiveName(found) || (await stat(found)).isDirectory();
    return this.#resolve(
      asked,
      isSet,
      () =>
        new PawdexError('set_invalid', {
          detail: `There is no folder or archive ${asked} below the index roots.`,
        }),
    );
  }

  /** As {@link resolveSet}, of a file. @throws PawdexError path_not_allowed, file_unreadable */
  async resolveFile(asked: string): Promise<string> {
    const isFile = async (found: string) => (await stat(found)).isFile();
    const missing = () =>
      new PawdexError('file_unreadable', { detail: `There is no file ${asked} below the index roots.` });
    return this.#resolve(asked, isFile, missing);
  }

  async #resolve(
    asked: string,
    isWanted: (found: string) => Promise<boolean>,
    createMissing: () => PawdexError,
  ): Promise<string> {
    const candidates = this.#roots
      .map((root) => path.resolve(root, asked))
      .filter((candidate) => this.#roots.some((root) => isWithin(root, candidate)));
    for (const candidate of candidates) {
      const found = await findRealPath(candidate);
      if (found === null) {
        continue;
      }
      if (!(await this.allows(found))) {
        throw new PawdexError('path_not_allowed', { detail: `${asked} leads out of the index roots.` });
      }
      if (await isWanted(found)) {
        return found;
      }
    }
    if (candidates.length > 0) {
      throw createMissing();
    }
    throw new PawdexError('path_not_allowed', { detail: `${asked} is not below one of the index roots.` });
  }
}
