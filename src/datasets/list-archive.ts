/** Finds the photos in a zip or tar archive, with the same rules as in a folder. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Archive } from '../files/archives/archive.js';
import { openArchive } from '../files/open-file.js';
import type { FoundPhoto } from './labelled-photo.js';
import { classifyContent, HEAD_BYTES, type PhotoNameFilter, type SkipReason } from './photo-names.js';
import { WrapperFinder } from './set-names.js';
import type { SetReporter } from './set-report.js';

/** Entries to process before other work may run. */
const STEP = 1000;

/** An archive as a set. Names are relative to the folder that wraps everything, if there is one. */
export class ArchiveListing {
  readonly #file: string;
  readonly archive: Archive;
  /** The folder that wraps everything, with a trailing slash; empty if there is none. */
  readonly #wrapper: string;

  private constructor(file: string, archive: Archive, wrapper: string) {
    this.#file = file;
    this.archive = archive;
    this.#wrapper = wrapper;
  }

  /** @throws Error if it cannot be read or is damaged */
  static async open(file: string): Promise<ArchiveListing> {
    const archive = await openArchive(file);
    return new ArchiveListing(file, archive, await findWrapper(archive));
  }

  /** The path for opening an entry whose name is relative to the wrapper. */
  getPath(name: string): string {
    return path.join(this.#file, this.#wrapper + name);
  }

  has(name: string): boolean {
    return this.archive.entries.has(this.#wrapper + name);
  }

  /** @returns photos in the order of the archive */
  async listPhotos(filter: PhotoNameFilter, report: SetReporter): Promise<FoundPhoto[]> {
    for (const { name, detail } of this.archive.refused) {
      report.fail('entry_refused', name, detail);
    }
    const photos: FoundPhoto[] = [];
    let count = 0;
    for (const entry of this.archive.entries.keys()) {
      if (count++ % STEP === 0) {
        await nextTurn();
      }
      const name = entry.startsWith(this.#wrapper) ? entry.slice(this.#wrapper.length) : entry;
      const kind = await this.#classify(entry, name, filter);
      if (kind instanceof Error) {
        report.fail('file_unreadable', name, `${kind.message}.`);
      } else if (kind === 'photo') {
        photos.push({ file: path.join(this.#file, entry), name: name.normalize('NFC') });
      } else {
        report.skip(kind, name);
      }
    }
    return photos;
  }

  /** @returns the error if the entry has to be read and cannot be */
  async #classify(
    entry: string,
    name: string,
    filter: PhotoNameFilter,
  ): Promise<'photo' | SkipReason | Error> {
    const kind = filter.classifyPath(name);
    if (kind !== 'check_content') {
      return kind;
    }
    const head = await this.archive.read(entry, HEAD_BYTES).catch((error: Error) => error);
    return head instanceof Error ? head : classifyContent(name, head);
  }
}

async function findWrapper({ entries }: Archive): Promise<string> {
  const finder = new WrapperFinder();
  let count = 0;
  for (const entry of entries.keys()) {
    if (count++ % STEP === 0) {
      await nextTurn();
    }
    finder.add(entry);
  }
  return finder.wrapper;
}
