/**
 * Reads tar archives, plain or compressed with gzip. They have no directory, so listing one takes a pass through it.
 * Entries of a plain archive are then read at their position. Gzip cannot be read from the middle: another pass serves
 * reads in the order of the archive, and a read further back starts a new pass.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract } from 'tar-stream';
import { type Archive, type ArchiveEntry, LINK, Listing, type RefusedEntry } from './archive.js';

/** Photos hardly compress, so an archive that grows more than this beyond its first GiB is an attack. */
const MAX_RATIO = 100;
const FREE_BYTES = 1024 ** 3;

/** Its first bytes, kept from the listing to avoid another pass. */
const HEAD_BYTES = 1024;

/** Bytes of an entry's header in the archive. Its content follows. */
const HEADER_BYTES = 512;

interface TarEntry extends ArchiveEntry {
  /** Number of entries before it. */
  at: number;
  head: Buffer | null;
  /** Where its bytes begin in the uncompressed archive. */
  offset: number;
}

type EntryStream = Extract extends AsyncIterable<infer T> ? T : never;

function limitGrowth(compressedBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      const isBomb = bytes > FREE_BYTES && bytes > MAX_RATIO * compressedBytes;
      done(isBomb ? new Error(`it grows to more than ${MAX_RATIO} times its size`) : null, chunk);
    },
  });
}

/**
 * Starts a pass through an archive. Iterating over it yields the entries, each of which must be read to its end, and
 * throws an Error if the archive is damaged.
 */
async function walkTar(file: string): Promise<Extract> {
  // Tar files from before 1988 have no format name. Their checksum distinguishes them from other files.
  const options: Parameters<typeof extract>[0] & { allowUnknownFormat: boolean } = {
    allowUnknownFormat: true,
  };
  const { size } = await stat(file);
  const middle = isCompressed(file) ? [createGunzip(), limitGrowth(size)] : [];
  const walk = extract(options);
  pipeline([createReadStream(file), ...middle, walk]).catch(() => {
    // The iteration throws it.
  });
  return walk;
}

const isCompressed = (file: string) => !/\.tar$/i.test(file);

async function readFully(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
  if (bytesRead < bytes) {
    throw new Error('the archive is damaged');
  }
  return buffer;
}

class TarArchive implements Archive {
  #walk: AsyncIterator<EntryStream> | null = null;
  /** Number of entries that the current pass has read. */
  #at = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly file: string,
    /** Of a plain archive. */
    readonly handle: FileHandle | null,
    readonly entries: ReadonlyMap<string, TarEntry>,
    readonly refused: readonly RefusedEntry[],
  ) {}

  read(name: string, limit?: number): Promise<Buffer> {
    const found = this.entries.get(name);
    if (found === undefined) {
      return Promise.reject(new Error('there is no such entry in the archive'));
    }
    if (limit !== undefined && found.head !== null && limit <= HEAD_BYTES) {
      return Promise.resolve(found.head.subarray(0, limit));
    }
    if (this.handle !== null) {
      return readFully(this.handle, found.offset, Math.min(found.size, limit ?? found.size));
    }
    // Serve requests one after another, so that one pass is enough.
    const result = this.#last.then(() => this.#readAt(found.at));
    this.#last = result.catch(() => {});
    return limit === undefined ? result : result.then((bytes) => bytes.subarray(0, limit));
  }

  async #readAt(at: number): Promise<Buffer> {
    if (this.#walk === null || this.#at > at) {
      await this.#endWalk();
      this.#walk = (await walkTar(this.file))[Symbol.asyncIterator]();
      this.#at = 0;
    }
    for (;;) {
      const { value, done } = await this.#walk.next();
      if (done) {
        this.#walk = null;
        throw new Error('the archive ended before the entry');
      }
      this.#at++;
      const bytes = await drain(value, this.#at > at ? Number.POSITIVE_INFINITY : 0);
      if (this.#at > at) {
        return bytes;
      }
    }
  }

  async close(): Promise<void> {
    await this.#endWalk();
    await this.handle?.close();
  }

  async #endWalk(): Promise<void> {
    await this.#walk?.return?.();
    this.#walk = null;
  }
}

/**
 * Opens and lists a tar archive, which takes one pass through it. If it is damaged, the entries before the damage are
 * listed.
 *
 * @param needsHead whether the first bytes of a name will be read
 * @throws Error if nothing can be read
 */
export async function openTar(file: string, needsHead: (name: string) => boolean): Promise<Archive> {
  const listing = new Listing<TarEntry>();
  const handle = isCompressed(file) ? null : await open(file, 'r');
  let at = 0;
  try {
    for await (const stream of await walkTar(file)) {
      const { type, size, mtime } = stream.header;
      const name = stream.header.name.replace(/^(\.\/)+/, '');
      const head = await drain(stream, HEAD_BYTES);
      if (type === 'file' || type === 'contiguous-file') {
        const offset = stream.offset + HEADER_BYTES;
        const modifiedMs = mtime.getTime();
        listing.add({ name, size, modifiedMs, at, head: needsHead(name) ? head : null, offset });
      } else if (type === 'link' || type === 'symlink') {
        listing.refuse(name, LINK);
      }
      at++;
    }
  } catch (error) {
    if (listing.entries.size === 0) {
      await handle?.close();
      throw error;
    }
    const detail = `The archive is damaged after ${at} entries: ${(error as Error).message}.`;
    listing.refuse(path.basename(file), detail);
  }
  return new TarArchive(file, handle, listing.entries, listing.refused);
}

/** Reads an entry to its end, because the next one comes after it, and keeps up to `limit` bytes. */
async function drain(stream: EntryStream, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (bytes < limit) {
      chunks.push(chunk);
      bytes += chunk.length;
    }
  }
  // Copies no more than is kept: an archive may have 250,000 entries.
  return Buffer.concat(chunks, Math.min(bytes, limit));
}
