/** Finds the photos below a folder. */
import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { PawdexError } from '../errors.js';
import { readHead, readWholeFile } from '../files/open-file.js';
import { countBy } from '../math/group-by.js';
import type { FoundPhoto } from './labelled-photo.js';
import { classifyContent, HEAD_BYTES, type PhotoNameFilter } from './photo-names.js';
import type { SetReporter } from './set-report.js';

/** A file with patterns in the syntax of .gitignore, for its folder and everything below. */
const IGNORE_FILE = '.pawdexignore';
/** Limit on the `**` in a pattern. Each multiplies the time of matching by the depth of the folders. */
const MAX_STARS = 3;

interface IgnoreRules {
  /** Folder that the patterns are relative to. */
  base: string;
  rules: Ignore;
}

type Target = 'folder' | 'file' | 'other' | 'broken' | 'loop';

/** See {@link walkFolder}. */
class FolderWalk {
  readonly #root: string;
  readonly #filter: PhotoNameFilter;
  readonly #report: SetReporter;
  readonly photos: FoundPhoto[] = [];
  readonly #visited = new Set<string>();
  /** Visited last, so that a folder is known by its own name rather than by a link's. */
  readonly #links: { name: string; ignored: readonly IgnoreRules[] }[] = [];

  constructor(root: string, filter: PhotoNameFilter, report: SetReporter) {
    this.#root = root;
    this.#filter = filter;
    this.#report = report;
  }

  async run(): Promise<FoundPhoto[]> {
    await this.#visit('', []);
    for (const { name, ignored } of this.#links) {
      await this.#visit(name, ignored);
    }
    return composeNames(this.photos);
  }

  async #visit(folder: string, above: readonly IgnoreRules[]): Promise<void> {
    const here = path.join(this.#root, folder);
    let entries: Dirent[];
    try {
      const real = await realpath(here);
      if (this.#visited.has(real)) {
        this.#report.skip('seen_already', folder, true);
        return;
      }
      this.#visited.add(real);
      entries = await readdir(here, { withFileTypes: true });
    } catch (error) {
      if (folder === '') {
        throw error;
      }
      this.#report.fail('folder_unreadable', folder, describeCause(error));
      return;
    }
    const ownRules = entries.some(({ name }) => name === IGNORE_FILE) ? [await this.#readRules(folder)] : [];
    const ignored = [...above, ...ownRules];
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      await this.#takeEntry(entry, folder === '' ? entry.name : `${folder}/${entry.name}`, ignored);
    }
  }

  async #readRules(folder: string): Promise<IgnoreRules> {
    const name = folder === '' ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`;
    const text = await readWholeFile(path.join(this.#root, name)).catch((error) => {
      this.#report.fail('file_unreadable', name, describeCause(error));
      return '';
    });
    const patterns = text.toString().split(/\r?\n/);
    const slow = patterns.filter((pattern) => pattern.split('**').length > MAX_STARS + 1);
    if (slow.length > 0) {
      const detail = `The pattern ${slow[0]!.slice(0, 100)} contains ** more than ${MAX_STARS} times and is not used.`;
      this.#report.fail('file_unreadable', name, detail);
    }
    return { base: folder, rules: ignore().add(patterns.filter((pattern) => !slow.includes(pattern))) };
  }

  async #takeEntry(entry: Dirent, name: string, ignored: readonly IgnoreRules[]): Promise<void> {
    const kind = entry.isSymbolicLink() ? await this.#followLink(name) : getKind(entry);
    if (
      entry.name.includes('\ufffd') &&
      (await lstat(path.join(this.#root, name)).catch(() => null)) === null
    ) {
      this.#report.fail('name_not_utf8', name, 'Its name is not valid UTF-8. Rename it.');
      return;
    }
    const nameClass = kind === 'folder' ? this.#filter.classifyFolder(name) : this.#filter.classifyFile(name);
    if (nameClass !== null && nameClass !== 'photo' && nameClass !== 'check_content') {
      this.#report.skip(nameClass, name, kind === 'folder');
    } else if (kind === 'broken' || kind === 'loop') {
      const detail = kind === 'broken' ? 'The link leads nowhere.' : 'The link leads back to itself.';
      this.#report.fail(kind === 'broken' ? 'link_broken' : 'link_loop', name, detail);
    } else if (isIgnored(name, kind === 'folder', ignored)) {
      this.#report.skip('excluded', name, kind === 'folder');
    } else if (kind === 'other') {
      this.#report.skip('special_file', name);
    } else if (kind === 'file') {
      await this.#takeFile(name, nameClass === 'check_content');
    } else if (entry.isSymbolicLink()) {
      this.#links.push({ name, ignored });
    } else {
      await this.#visit(name, ignored);
    }
  }

  async #followLink(name: string): Promise<Target> {
    const link = path.join(this.#root, name);
    try {
      const target = await stat(link);
      if (!target.isDirectory()) {
        return target.isFile() ? 'file' : 'other';
      }
      const real = await realpath(link);
      const above = await realpath(path.dirname(link));
      return `${above}${path.sep}`.startsWith(`${real}${path.sep}`) ? 'loop' : 'folder';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'loop' : 'broken';
    }
  }

  async #takeFile(name: string, needsContentCheck: boolean): Promise<void> {
    const file = path.join(this.#root, name);
    if (needsContentCheck) {
      const head = await readHead(file, HEAD_BYTES).catch((error: Error) => error);
      if (head instanceof Error) {
        this.#report.fail('file_unreadable', name, describeCause(head));
        return;
      }
      const contentClass = classifyContent(name, head);
      if (contentClass !== 'photo') {
        this.#report.skip(contentClass, name);
        return;
      }
    }
    this.photos.push({ file, name });
  }
}

/**
 * Finds the photos below a folder. Unreadable files and folders are reported and do not stop the rest. Links are followed,
 * but no folder is read twice.
 *
 * @returns photos in no particular order
 * @throws Error if the folder itself cannot be read
 */
export function walkFolder(
  root: string,
  filter: PhotoNameFilter,
  report: SetReporter,
): Promise<FoundPhoto[]> {
  return new FolderWalk(root, filter, report).run();
}

/** Normalises names to Unicode form NFC, except if two names would become equal. */
function composeNames(photos: readonly FoundPhoto[]): FoundPhoto[] {
  const counts = countBy(photos, ({ name }) => name.normalize('NFC'));
  return photos.map(({ file, name }) => {
    const composed = name.normalize('NFC');
    return { file, name: counts.get(composed) === 1 ? composed : name };
  });
}

function getKind(entry: Dirent): Target {
  return entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';
}

function isIgnored(name: string, isFolder: boolean, ignored: readonly IgnoreRules[]): boolean {
  return ignored.some(({ base, rules }) => {
    const relative = base === '' ? name : name.slice(base.length + 1);
    return rules.ignores(isFolder ? `${relative}/` : relative);
  });
}

/** Creates the error for a folder, archive or manifest that cannot be read. */
export const createReadError = (file: string, cause: unknown) =>
  new PawdexError('set_invalid', { detail: `Cannot read ${file}: ${describeCause(cause)}`, cause });

/** Describes an error of the file system without the path, which the caller names. */
function describeCause(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM'
    ? 'Permission denied.'
    : code === 'ENOENT'
      ? 'It does not exist.'
      : `${message.replace(/\.$/, '')}.`;
}
