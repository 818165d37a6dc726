/** The common interface of zip and tar archives: a listing, and entries that are read one at a time. */

/** An entry of an archive: a regular file. */
export interface ArchiveEntry {
  /** Path in the archive, with `/`. */
  name: string;
  /** Uncompressed size in bytes, as declared by the archive. Reading never yields more. */
  size: number;
  /** Time of the last change, in milliseconds since 1970. */
  modifiedMs: number;
}

/** Why links are not read. */
export const LINK = 'It is a link, and links in archives are not followed.';

/** An entry that is not read, and why. */
export interface RefusedEntry {
  name: string;
  detail: string;
}

export interface Archive {
  /** By name, in the order of the archive. The first entry wins if two have the same name. */
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  readonly refused: readonly RefusedEntry[];
  /**
   * Reads an entry into memory. Compressed tar archives are read fastest in their own order.
   *
   * @param limit number of bytes to read from the start; default all
   * @throws Error for an unknown name or a damaged archive
   */
  read(name: string, limit?: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Largest number of entries, because the listing stays in memory. */
const MAX_ENTRIES = 250_000;
/** Longest name in characters, and how much of a longer one is reported. A short archive can contain names of megabytes. */
const MAX_NAME = 1024;
const SHOWN_NAME = 100;

export class Listing<T extends ArchiveEntry> {
  readonly entries = new Map<string, T>();
  readonly refused: RefusedEntry[] = [];

  /** @throws Error if there are too many entries */
  add(entry: T): void {
    const detail = this.entries.has(entry.name)
      ? 'Another entry has the same name.'
      : findNameProblem(entry.name);
    if (detail !== null) {
      this.refuse(entry.name, detail);
      return;
    }
    this.entries.set(entry.name, entry);
    this.#checkCount();
  }

  /** @throws Error if there are too many entries */
  refuse(name: string, detail: string): void {
    const shown = name.length > MAX_NAME ? `${name.slice(0, SHOWN_NAME)}...` : name;
    this.refused.push({ name: shown, detail });
    this.#checkCount();
  }

  #checkCount(): void {
    if (this.entries.size + this.refused.length > MAX_ENTRIES) {
      throw new Error(`it has more than ${MAX_ENTRIES} entries`);
    }
  }
}

/** Nothing is unpacked to disk, but the name becomes the source of an item. */
function findNameProblem(name: string): string | null {
  if (name.length > MAX_NAME) {
    return `Its name has more than ${MAX_NAME} characters.`;
  }
  const leadsOut = name.startsWith('/') || /^[a-z]:/i.test(name) || name.split('/').includes('..');
  return leadsOut ? 'Its name points outside the archive.' : null;
}
