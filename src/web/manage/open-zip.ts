/** Reads zips in the browser. It is loaded separately, because it includes a library that few visits need. */
import { BlobReader, configure, type FileEntry, ZipReader } from '@zip.js/zip.js/index-native.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';

// The browser decompresses natively, and the content security policy allows no worker from a blob.
configure({ useWebWorkers: false });

/** Collects at most `limit` bytes: a zip may expand to a thousand times its size. */
async function readBounded(entry: FileEntry, name: string, limit: number): Promise<File> {
  const parts: BlobPart[] = [];
  let size = 0;
  const bounded = new WritableStream<Uint8Array<ArrayBuffer>>({
    write(part) {
      size += part.length;
      if (size > limit) {
        throw new Error(texts.manage.add.tooLarge);
      }
      parts.push(part.slice());
    },
  });
  await entry.getData(bounded, { checkSignature: true });
  return new File(parts, name);
}

/** The entries of a zip. @throws Problem files_unreadable */
async function* readEntries(zip: File) {
  try {
    yield* new ZipReader(new BlobReader(zip)).getEntriesGenerator();
  } catch {
    // The library's reasons are about the format.
    throw new Problem('files_unreadable', 0);
  }
}

/** The files of a zip. @throws Problem files_unreadable */
export async function* openZip(zip: File, limit: number) {
  for await (const entry of readEntries(zip)) {
    if (entry.directory) {
      continue;
    }
    const path = entry.filename.replaceAll('\\', '/').replace(/^(\.?\/)+/, '');
    const name = path.split('/').at(-1) ?? path;
    yield {
      path,
      size: entry.uncompressedSize,
      read: () => {
        if (entry.encrypted) {
          throw new Error(texts.manage.add.encrypted);
        }
        return readBounded(entry, name, limit);
      },
    };
  }
}
