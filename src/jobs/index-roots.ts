/** Limits which folders of the server's machine a job may read: only those below the roots set by the operator. */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, PawdexError } from '../errors.js';
import { hasArchiveName } from '../files/open-file.js';

const isWithin = (root: string, file: string) => file === root || file.startsWith(root + path.sep);

function findRealPath(file: string): Promise<string | null> {
  return realpath(file).catch(() => null);
}

/** The real paths of the roots. */
export class IndexRoots {
  readonly #roots: string[];

  private constructor(roots: string[]) {
    this.#roots = roots;
  }

  /** A missing root allows nothing. */
  static async open(roots: readonly string[]): Promise<IndexRoots> {
    const found = await Promise.all(roots.map(findRealPath));
    return new IndexRoots(found.filter((root) => root !== null));
  }

  /** Whether the real path of a file is below one of the roots. A missing file is harmless. */
  async allows(file: string): Promise<boolean> {
    const found = await findRealPath(file);
    return found === null || this.#roots.some((root) => isWithin(root, found));
  }

  /**
   * Resolves a folder or archive named in a request, absolute or relative to one of the roots, to its real path.
   *
   * @throws PawdexError path_not_allowed if it is outside of all roots, also through a link; set_invalid if it does not
   *   exist inside a root
   */
  resolveSet(asked: string): Promise<string> {
    const isSet = async (found: string) => hasArchiveName(found) || (await stat(found)).isDirectory();
    return this.#resolve(asked, isSet, 'set_invalid', 'folder or archive');
  }

  /** Like {@link resolveSet}, for a file. Throws PawdexError path_not_allowed, file_unreadable. */
  resolveFile(asked: string): Promise<string> {
    const isFile = async (found: string) => (await stat(found)).isFile();
    return this.#resolve(asked, isFile, 'file_unreadable', 'file');
  }

  /** Folders that hold photos under the names in `source`: those asked for, as {@link resolveSet}, or the roots. */
  async resolveFolders(asked: readonly string[] | undefined): Promise<string[]> {
    return asked === undefined ? [...this.#roots] : Promise.all(asked.map((each) => this.resolveSet(each)));
  }

  async #resolve(
    asked: string,
    isWanted: (found: string) => Promise<boolean>,
    code: ErrorCode,
    what: string,
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
        throw new PawdexError('path_not_allowed', {
          detail: `${asked} leads outside the index roots through a link.`,
        });
      }
      if (await isWanted(found)) {
        return found;
      }
    }
    if (candidates.length > 0) {
      throw new PawdexError(code, { detail: `There is no ${what} ${asked} below the index roots.` });
    }
    throw new PawdexError('path_not_allowed', { detail: `${asked} is not below one of the index roots.` });
  }
}
