/** Reads zip archives, in any order. */
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { type Archive, type ArchiveEntry, LINK, Listing, type RefusedEntry } from './archive.js';

interface ZipEntry extends ArchiveEntry {
  entry: Entry;
}

/** Mode of a symbolic link in the upper half of an entry's attributes. */
const LINK_MODE = 0o120000;
const MODE_MASK = 0o170000;

class ZipArchive implements Archive {
  constructor(
    readonly zip: ZipFile,
    readonly entries: ReadonlyMap<string, ZipEntry>,
    readonly refused: readonly RefusedEntry[],
  ) {}

  /** yauzl fails if an entry has more bytes than it declares. */
  async read(name: string, limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const found = this.entries.get(name);
    if (found === undefined) {
      throw new Error('there is no such entry in the archive');
    }
    const stream = await this.zip.openReadStreamPromise(found.entry);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= limit) {
        break;
      }
    }
    return Buffer.concat(chunks).subarray(0, limit);
  }

  async close(): Promise<void> {
    this.zip.close();
  }
}

/** Copies what reading needs. The raw fields of an entry take three times as much memory. */
function keepPlace({
  compressedSize,
  uncompressedSize,
  compressionMethod,
  generalPurposeBitFlag,
  relativeOffsetOfLocalHeader,
}: Entry): Entry {
  return Object.assign(new yauzl.Entry(), {
    compressedSize,
    uncompressedSize,
    compressionMethod,
    generalPurposeBitFlag,
    relativeOffsetOfLocalHeader,
  });
}

/** Opens and lists a zip archive. Throws Error if it is damaged. */
export async function openZip(file: string): Promise<Archive> {
  // yauzl would stop at the first name that leads out of the archive. Here only that entry is skipped.
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false, decodeStrings: false });
  try {
    const listing = new Listing<ZipEntry>();
    for await (const entry of zip.eachEntry()) {
      const { generalPurposeBitFlag: flags, fileNameRaw, extraFields } = entry;
      const name = yauzl.getFileNameLowLevel(flags, fileNameRaw, extraFields, false);
      const isLink = ((entry.externalFileAttributes >>> 16) & MODE_MASK) === LINK_MODE;
      if (isLink) {
        listing.refuse(name, LINK);
      } else if (entry.isEncrypted()) {
        listing.refuse(name, 'It is encrypted.');
      } else if (!name.endsWith('/')) {
        const modifiedMs = entry.getLastModDate().getTime();
        listing.add({ name, size: entry.uncompressedSize, modifiedMs, entry: keepPlace(entry) });
      }
    }
    return new ZipArchive(zip, listing.entries, listing.refused);
  } catch (error) {
    zip.close();
    throw error;
  }
}
