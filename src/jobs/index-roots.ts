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
    const paths = await Promise.all(roots.map(findRealPath));
    return new IndexRoots(paths.filter((root) => root !== null));
  }

  /** Whether the real path of a file is below one of the roots. A missing file is harmless. */
  async allows(file: string): Promise<boolean> {
    const realPath = await findRealPath(file);
    return realPath === null || this.#roots.some((root) => isWithin(root, realPath));
  }

  /**
   * Resolves a folder or archive named in a request, absolute or relative to one of the roots, to its real path.
   *
   * @throws PawdexError path_not_allowed if it is outside of all roots, also through a link; set_invalid if it does not
   *   exist inside a root
   */
  resolveSet(requested: string): Promise<string> {
    const isSet = async (file: string) => hasArchiveName(file) || (await stat(file)).isDirectory();
    return this.#resolve(requested, isSet, 'set_invalid', 'folder or archive');
  }

  /** Like {@link resolveSet}, for a file. Throws PawdexError path_not_allowed, file_unreadable. */
  resolveFile(requested: string): Promise<string> {
    const isFile = async (file: string) => (await stat(file)).isFile();
    return this.#resolve(requested, isFile, 'file_unreadable', 'file');
  }

  /** Folders that hold photos under the names in `source`: those requested, as {@link resolveSet}, or the roots. */
  async resolveFolders(requested: readonly string[] | undefined): Promise<string[]> {
    return requested === undefined
      ? [...this.#roots]
      : Promise.all(requested.map((folder) => this.resolveSet(folder)));
  }

  async #resolve(
    requested: string,
    isWanted: (file: string) => Promise<boolean>,
    code: ErrorCode,
    what: string,
  ): Promise<string> {
    const candidates = this.#roots
      .map((root) => path.resolve(root, requested))
      .filter((candidate) => this.#roots.some((root) => isWithin(root, candidate)));
    for (const candidate of candidates) {
      const realPath = await findRealPath(candidate);
      if (realPath === null) {
        continue;
      }
      if (!(await this.allows(realPath))) {
        throw new PawdexError('path_not_allowed', {
          detail: `${requested} leads outside the index roots through a link.`,
        });
      }
      if (await isWanted(realPath)) {
        return realPath;
      }
    }
    if (candidates.length > 0) {
      throw new PawdexError(code, { detail: `There is no ${what} ${requested} below the index roots.` });
    }
    throw new PawdexError('path_not_allowed', {
      detail: `${requested} is not below one of the index roots.`,
    });
  }
}
