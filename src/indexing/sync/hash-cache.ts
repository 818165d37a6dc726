/**
 * Caches content hashes of files by size and time of change, so that a sync does not read files again. Folder and
 * collection are always compared by content, so losing the cache only costs time.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { FileFacts } from '../../files/open-file.js';
import { PRIVATE_FOLDER } from '../../files/private-files.js';
import { readJsonFile } from '../../files/read-json-file.js';
import { replaceFile } from '../../files/replace-file.js';
import { computeSha256 } from '../../files/sha256.js';

/** A file that was changed less than this before it was read may change again within the same tick of the clock. */
const SETTLED_MS = 2000;

const schema = z.object({
  format: z.literal(1),
  /** Name, size, time of change in milliseconds, hex sha256. */
  files: z.array(z.tuple([z.string(), z.number(), z.number(), z.string()])),
});

/**
 * Returns the file for the hashes of a folder. Command line and jobs of one machine share it.
 *
 * @param syncDir the folder `sync` of the data directory
 * @param folder see `computeFolderId`
 * @param server URL of the server that has the collection; default: it is in the data directory
 */
export function nameHashCache(syncDir: string, folder: string, collection: string, server = ''): string {
  const key = computeSha256([server, collection].join('\0')).slice(0, 8);
  return path.join(syncDir, `${folder}-${key}.json`);
}

interface CachedHash extends FileFacts {
  sha256: string;
}

export class HashCache {
  readonly #file: string;
  readonly #previous: ReadonlyMap<string, CachedHash>;
  readonly #current = new Map<string, CachedHash>();

  private constructor(file: string, previous: ReadonlyMap<string, CachedHash>) {
    this.#file = file;
    this.#previous = previous;
  }

  /** Opens a cache. A missing or damaged one is empty. */
  static async open(file: string): Promise<HashCache> {
    const parsed = schema.safeParse(await readJsonFile(file, 'storage_failed').catch(() => null));
    const entries = parsed.success ? parsed.data.files : [];
    return new HashCache(
      file,
      new Map(entries.map(([name, size, modifiedMs, sha256]) => [name, { size, modifiedMs, sha256 }])),
    );
  }

  /** Returns the hash of a file if its size and time are unchanged, else null. */
  get(name: string, { size, modifiedMs }: FileFacts): string | null {
    const entry = this.#previous.get(name);
    if (entry?.size !== size || entry.modifiedMs !== modifiedMs) {
      return null;
    }
    this.#current.set(name, entry);
    return entry.sha256;
  }

  /** @param facts size and time of the file before it was read */
  set(name: string, { size, modifiedMs }: FileFacts, sha256: string): void {
    if (Date.now() - modifiedMs > SETTLED_MS) {
      this.#current.set(name, { size, modifiedMs, sha256 });
    }
  }

  /** Writes the hashes that were read or set. Throws the file system's error. */
  async save(): Promise<void> {
    const files = Array.from(this.#current, ([name, hash]) => [
      name,
      hash.size,
      hash.modifiedMs,
      hash.sha256,
    ]);
    await mkdir(path.dirname(this.#file), { recursive: true, mode: PRIVATE_FOLDER });
    await replaceFile(this.#file, JSON.stringify({ format: 1, files }), { isPrivate: true });
  }
}
