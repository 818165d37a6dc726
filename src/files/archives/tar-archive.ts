/**
 * Reads tar archives, plain or compressed with gzip. They have no directory, so listing one takes a pass through it.
 * Entries of a plain archive are then read at their position. Gzip cannot be read from the middle: another pass serves
 * reads in the order of the archive, and a read further back starts a new pass.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar, { type Headers } from 'tar-stream';
import { type Archive, type ArchiveEntry, LINK, Listing, type RefusedEntry } from './archive.js';

/** Photos hardly compress, so an archive that grows more than this beyond its first GiB is an attack. */
const MAX_RATIO = 100;
const FREE_BYTES = 1024 ** 3;

/** Most bytes between two entries: headers, names and padding. tar-stream reads all of them into memory. */
const MAX_BETWEEN = 1024 ** 2;

/** Its first bytes, kept from the listing to avoid another pass. */
const HEAD_BYTES = 1024;

interface TarEntry extends ArchiveEntry {
  /** Number of entries before it. */
  at: number;
  head: Buffer | null;
  /** Where its bytes begin in the file; null in a compressed one. */
  offset: number | null;
}

interface WalkedEntry {
  header: Headers;
  content: Readable;
}

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
 * Fails if there are too many bytes between two entries of an archive.
 *
 * @param isInside whether the content of an entry is being read
 */
function limitHeaders(isInside: () => boolean): { guard: Transform; reset: () => void } {
  let between = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      between = isInside() ? 0 : between + chunk.length;
      done(between > MAX_BETWEEN ? new Error('the header of an entry is too long') : null, chunk);
    },
  });
  return {
    guard,
    reset: () => {
      between = 0;
    },
  };
}

/** Iterates over the entries of an archive. @throws Error if it is damaged */
async function* walkTar(file: string): AsyncGenerator<WalkedEntry> {
  const source = createReadStream(file);
  // Tar files from before 1988 have no format name. Their checksum distinguishes them from other files.
  const extract = tar.extract({ allowUnknownFormat: true });
  const { size } = await stat(file);
  const middle = /\.tar$/i.test(file) ? [] : [createGunzip(), limitGrowth(size)];
  let isInside = false;
  const { guard, reset } = limitHeaders(() => isInside);
  let found: (WalkedEntry & { next: () => void }) | null = null;
  let outcome: { error: unknown } | null = null;
  let wake = () => {};
  extract.on('entry', (header, content, next) => {
    found = { header, content: content as unknown as Readable, next };
    isInside = true;
    content.once('end', () => {
      isInside = false;
    });
    reset();
    wake();
  });
  pipeline([source, ...middle, guard, extract])
    .then(
      () => null,
      (error: unknown) => error,
    )
    .then((error) => {
      outcome = { error };
      wake();
    });
  const wait = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (found !== null || outcome !== null) {
        resolve();
      }
    });
  try {
    for (;;) {
      await wait();
      const entry = found as (WalkedEntry & { next: () => void }) | null;
      if (entry === null) {
        const { error } = outcome!;
        if (error) {
          throw error;
        }
        return;
      }
      found = null;
      const ended = once(entry.content, 'end');
      ended.catch(() => {});
      yield entry;
      entry.content.resume();
      // If the archive is damaged the pipeline fails, and the entry may never end.
      await Promise.race([ended, wait()]);
      entry.next();
    }
  } finally {
    source.destroy();
  }
}

const BLOCK = 512;
const toBlocks = (bytes: number) => Math.ceil(bytes / BLOCK) * BLOCK;
/** Types of headers that describe the next entry: pax and GNU's long names. */
const EXTENSIONS = new Set(['x', 'g', 'L', 'K']);

/** Finds where the bytes of entries begin, which tar-stream does not say. */
class OffsetFinder {
  #next = 0;

  constructor(readonly handle: FileHandle) {}

  /** Where the bytes of the next entry begin. @param size bytes of the entry */
  async find(size: number): Promise<number> {
    for (;;) {
      const block = await readFully(this.handle, this.#next, BLOCK);
      this.#next += BLOCK;
      if (EXTENSIONS.has(String.fromCharCode(block[156]!))) {
        const own = block.toString('latin1', 124, 136).replace(/\0.*$/s, '');
        this.#next += toBlocks(Number.parseInt(own, 8));
      } else if (block.some((byte) => byte !== 0)) {
        const offset = this.#next;
        this.#next += toBlocks(size);
        return offset;
      }
    }
  }
}

async function readFully(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
  if (bytesRead < bytes) {
    throw new Error('the archive is damaged');
  }
  return buffer;
}

class TarArchive implements Archive {
  #walk: AsyncGenerator<WalkedEntry> | null = null;
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
    if (this.handle !== null && found.offset !== null) {
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
      this.#walk = walkTar(this.file);
      this.#at = 0;
    }
    for (;;) {
      const { value, done } = await this.#walk.next();
      if (done) {
        this.#walk = null;
        throw new Error('the archive ended before the entry');
      }
      this.#at++;
      if (this.#at > at) {
        return drain(value.content, Number.POSITIVE_INFINITY);
      }
    }
  }

  async close(): Promise<void> {
    await this.#endWalk();
    await this.handle?.close();
  }

  async #endWalk(): Promise<void> {
    await this.#walk?.return(undefined);
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
  const handle = /\.tar$/i.test(file) ? await open(file, 'r') : null;
  const finder = handle === null ? null : new OffsetFinder(handle);
  let at = 0;
  try {
    for await (const { header, content } of walkTar(file)) {
      const { type, size = 0, mtime } = header;
      const offset = finder === null ? null : await finder.find(type === 'directory' ? 0 : size);
      const name = header.name.replace(/^(\.\/)+/, '');
      if (type === 'file' || type === 'contiguous-file') {
        const head = needsHead(name) ? await drain(content, HEAD_BYTES) : null;
        listing.add({ name, size, modifiedMs: mtime?.getTime() ?? 0, at, head, offset });
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

/**
 * Reads an entry to its end and keeps up to `limit` bytes. Breaking out of an iteration would destroy the entry, and
 * tar-stream would then destroy the whole archive.
 */
async function drain(content: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  content.on('data', (chunk: Buffer) => {
    if (bytes < limit) {
      chunks.push(chunk);
      bytes += chunk.length;
    }
  });
  const isWhole = await Promise.race([
    once(content, 'end').then(() => true),
    once(content, 'close').then(() => false),
  ]);
  if (!isWhole) {
    throw new Error('the archive is damaged');
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
